import { S3Client } from '@aws-sdk/client-s3'

/** Address of a bucket, and credentials. */
export interface S3Connection {
  region: string
  /** Amazon's own if absent. */
  endpoint?: string | undefined
  /** From the environment or the machine's role if absent, as in the AWS SDK. */
  accessKeyId?: string | undefined
  secretAccessKey?: string | undefined
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`: most servers other than Amazon's need it. */
  forcePathStyle: boolean
}

export interface S3Limits {
  /** Time without activity on the connection; 0: no limit. */
  socketTimeout: number
  /** Time until the headers of the response. */
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
    // The SDK's own checksums use a chunked encoding that Ceph and others reject (411).
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 5_000,
      throwOnRequestTimeout: true,
      ...limits,
      // A slow reader keeps its socket: with the SDK's default of 50, a few of them would block all others.
      httpAgent: { maxSockets: 1024 },
      httpsAgent: { maxSockets: 1024 },
    },
  })
}
