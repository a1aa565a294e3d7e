// The part of this room that start-up does without: whatever needs patterns and expressions. Loaded at the first write of
// a definition, or at the start when there are definitions already.

type Room = typeof import('./room.ts')

let room: Room | undefined
let loading: Promise<Room> | undefined

/** undefined until it has been loaded. */
export const loadedRoom = (): Room | undefined => room

export function loadRoom(): Promise<Room> {
  loading ??= import('./room.ts').then(loaded => {
    room = loaded
    return loaded
  })
  return loading
}
