// The index of pods by the claims that they use, which the controllers of volumes share.

export const podsByClaim = 'claim'
