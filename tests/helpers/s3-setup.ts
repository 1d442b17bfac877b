import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopCluster } from './s3-server.ts'

/** The folder of the S3 server that all test files of a run share; workers find it in their environment. */
export function setup(): (() => Promise<void>) | undefined {
  if (process.env.TEST_S3_FOLDER) return undefined // of another project of this run
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-s3-'))
  process.env.TEST_S3_FOLDER = folder
  return () => stopCluster(folder)
}
