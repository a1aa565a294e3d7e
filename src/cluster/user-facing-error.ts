/** Something the user can mend: its message is one line that says what is wrong and what to do. */
export class UserFacingError extends Error {
  override readonly name = 'UserFacingError'
}
