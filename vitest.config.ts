import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/{api,sim,house}/**/*.test.ts'],
    setupFiles: ['test/freeze-shared-objects.ts'],
    pool: 'threads',
    // Nothing in here keeps state in a module, so the files of one worker share what they have loaded.
    isolate: false,
    testTimeout: 20_000,
  },
})
