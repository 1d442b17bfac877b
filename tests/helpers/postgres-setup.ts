import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string
  }
}

/** One server for all tests of the project; each test makes a database of its own in it. */
export async function setup(project: TestProject): Promise<() => void> {
  const { url, stop } = await startPostgres()
  project.provide('postgresUrl', url)
  return stop
}
