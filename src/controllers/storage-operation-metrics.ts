/** Seconds: what storage does may take long. */
export const storageOperationBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600]
