import { S3Client } from '@aws-sdk/client-s3'

/** Where a bucket is, and who asks. */
export interface S3Connection {
  region: string
  /** Amazon's own when absent. */
  endpoint?: string | undefined
  /** From the environment or the machine's role when absent, as the AWS SDK finds them. */
  accessKeyId?: string | undefined
  secretAccessKey?: string | undefined
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`: most servers that are not Amazon's want it. */
  forcePathStyle: boolean
}

export interface S3Limits {
  /** How long nothing may move on the connection; 0: no limit. */
  socketTimeout: number
  /** Until the head of the answer is there. */
  requestTimeout: number
}

export function createS3Client(
  { region, endpoint, accessKeyId, secretAccessKey, forcePathStyle }: S3Connection,
  limits: S3Limits,
): S3Client {
  return new S3Client({
    region,
    forcePathStyle,
    ...(endpoint && { endpoint }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
    // The SDK's own checksums come as a chunked encoding that Ceph and others refuse (411).
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 5_000,
      throwOnRequestTimeout: true,
      ...limits,
      // A slow reader keeps its socket: with the SDK's 50 a few of them would lock out everyone.
      httpAgent: { maxSockets: 1024 },
      httpsAgent: { maxSockets: 1024 },
    },
  })
}
