import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/{api,sim,house}/**/*.test.ts'],
    pool: 'threads',
    testTimeout: 20_000,
  },
})
