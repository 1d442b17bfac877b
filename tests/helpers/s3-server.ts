import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One for the gateway, two for the monitor, one as a lock, the rest for the object store to choose from. */
const PORTS = 40
const START_TIMEOUT_MS = 30_000

export interface S3Bucket {
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  bucket: string
}

export interface S3Server extends S3Bucket {
  /** Kills what answers requests; the objects stay. Down until `startGateway`. */
  crashGateway(): Promise<void>
  startGateway(): Promise<void>
  /** It keeps its connections and takes new ones, and answers nothing until `thawGateway`. */
  freezeGateway(): Promise<void>
  thawGateway(): Promise<void>
  stop(): Promise<void>
}

/** Settings of a Mayfly that keeps its files in the server's bucket. */
export const s3Settings = ({ bucket, endpoint, region, accessKeyId, secretAccessKey }: S3Bucket) => ({
  STORAGE: 's3',
  S3_BUCKET: bucket,
  S3_ENDPOINT: endpoint,
  S3_REGION: region,
  S3_ACCESS_KEY_ID: accessKeyId,
  S3_SECRET_ACCESS_KEY: secretAccessKey,
  S3_FORCE_PATH_STYLE: 'true',
})

export const bucketAt = (port: number, bucket: string): S3Bucket => ({
  endpoint: `http://127.0.0.1:${port}`,
  region: 'us-east-1',
  accessKeyId: 'test',
  secretAccessKey: 'testtest',
  bucket,
})

/** A real S3 server for tests that stop it; all others use `shared-bucket.ts`. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-s3-'))
  const { first: port, release } = await reservePorts()
  const bucket = bucketAt(port, 'mayfly-test')
  const server: S3Server = {
    ...bucket,
    crashGateway: () => kill(join(folder, 'run', 'client.rgw.pid')),
    startGateway: async () => {
      await cephIn(folder)('radosgw', '-n', 'client.rgw')
      await untilAnswering(server.endpoint)
    },
    freezeGateway: () => signalGateway(folder, 'SIGSTOP'),
    thawGateway: () => signalGateway(folder, 'SIGCONT'),
    stop: () => stopCluster(folder).finally(release),
  }
  try {
    await startCluster(folder, port)
    await makeBucket(bucket)
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

/**
 * A Ceph gateway with a cluster of one, its objects in memory. Up in about a second, 110 MB. Both `paxos` lines save 11 seconds.
 */
export async function startCluster(folder: string, port: number): Promise<void> {
  const monitor = `[v2:127.0.0.1:${port + 2},v1:127.0.0.1:${port + 1}]`
  const cluster = randomUUID()
  const osd = randomUUID()
  const inFolder = (name: string): string => join(folder, name)
  const ceph = cephIn(folder)

  for (const name of ['mon', 'osd', 'run', 'log', 'rgw']) await mkdir(inFolder(name))
  await writeFile(inFolder('ceph.conf'), configuration(folder, port, cluster, monitor))

  const grants = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *']
  await ceph(
    'ceph-authtool',
    '--create-keyring',
    inFolder('keyring'),
    '--gen-key',
    '-n',
    'mon.',
    '--cap',
    'mon',
    'allow *',
  )
  for (const name of ['client.admin', 'client.rgw', 'osd.0']) {
    await ceph('ceph-authtool', inFolder('keyring'), '--gen-key', '-n', name, ...grants)
  }
  await ceph('monmaptool', '--create', '--addv', 'a', monitor, '--fsid', cluster, inFolder('monmap'))
  await ceph('ceph-mon', '-i', 'a', '--mkfs', '--monmap', inFolder('monmap'), '--keyring', inFolder('keyring'))
  await ceph('ceph-mon', '-i', 'a')
  await ceph('ceph', 'osd', 'new', osd)
  await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd)
  await ceph('ceph-osd', '-i', '0')
  await ceph('radosgw', '-n', 'client.rgw')
  const user = ['--uid=test', '--display-name=test', '--access-key=test', '--secret-key=testtest']
  await ceph('radosgw-admin', 'user', 'create', ...user)
  await untilAnswering(bucketAt(port, '').endpoint)
}

/** Runs a program of the cluster in `folder`. */
const cephIn =
  (folder: string) =>
  (program: string, ...parameters: string[]) =>
    run(program, parameters, {
      env: { ...process.env, CEPH_CONF: join(folder, 'ceph.conf') },
      timeout: START_TIMEOUT_MS,
    })

function configuration(folder: string, port: number, cluster: string, monitor: string): string {
  return `[global]
fsid = ${cluster}
mon host = ${monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth allow insecure global id reclaim = false
keyring = ${folder}/keyring
run dir = ${folder}/run
crash dir = ${folder}
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
log file = ${folder}/log/$name.log
mon cluster log file = ${folder}/log/cluster.log
mon data = ${folder}/mon
osd data = ${folder}/osd
rgw data = ${folder}/rgw
ms bind port min = ${port + 3}
ms bind port max = ${port + PORTS - 2}
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush initial weight = 1
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 2
paxos propose interval = 0.01
paxos min wait = 0.01
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw dns name = 127.0.0.1
rgw thread pool size = 32
`
}

/** Any answer will do: without credentials it is an empty list of buckets. */
async function untilAnswering(endpoint: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (true) {
    try {
      await (await fetch(endpoint)).arrayBuffer()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

export async function makeBucket({ endpoint, region, accessKeyId, secretAccessKey, bucket }: S3Bucket): Promise<void> {
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
}

/** Killed, not asked: nothing in it is worth keeping. */
export async function stopCluster(folder: string): Promise<void> {
  const names = await readdir(join(folder, 'run')).catch(() => [])
  for (const name of names.filter((name) => name.endsWith('.pid'))) await kill(join(folder, 'run', name))
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

async function signalGateway(folder: string, signal: NodeJS.Signals): Promise<void> {
  process.kill(Number(await readFile(join(folder, 'run', 'client.rgw.pid'), 'utf8')), signal)
}

/** Resolves when the process has exited. */
async function kill(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8'))
  if (pid <= 0) return
  process.kill(pid, 'SIGKILL')
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/**
 * A block of free ports. Outside the range from which the kernel takes ports for outgoing connections (32768 and up),
 * and at a random place; `fetch` refuses 10080. The last port stays bound until the release, so that test files which
 * start together don't take the same block.
 */
export async function reservePorts(): Promise<{ first: number; release: () => void }> {
  while (true) {
    const first = 10_100 + PORTS * Math.floor(Math.random() * 550)
    const lock = await bind(first + PORTS - 1)
    if (!lock) continue
    const others = await Promise.all(Array.from({ length: PORTS - 1 }, (_, index) => bind(first + index)))
    for (const other of others) other?.close()
    if (others.every(Boolean)) return { first, release: () => lock.close() }
    lock.close()
  }
}

function bind(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer().unref()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
