/** What an error says, as conditions, events and logs repeat it: without where it was thrown. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
