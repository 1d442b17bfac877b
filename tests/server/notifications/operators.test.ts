import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, createServer as createPeer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { postWebhook, signature } from '../../../server/notifications/webhook.ts'
import { waitFor } from '../../helpers/wait.ts'
import { acting, givenEngine } from '../jobs/given-engine.ts'

const MINUTE = 60_000

interface Received {
  url: string | undefined
  headers: IncomingHttpHeaders
  body: string
}

/** A receiver of webhooks that answers with `statuses` in turn, the last of them for ever. */
async function givenReceiver(...statuses: number[]) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ url: request.url, headers: request.headers, body })
      const status = statuses[Math.min(received.length, statuses.length) - 1] ?? 200
      response.writeHead(status, { Location: '/elsewhere' }).end('answer')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

/** A receiver below HTTP: what it answers as soon as it is spoken to, and how much of that was taken. */
async function givenPeer(answer: (socket: Socket) => void) {
  const closing = Promise.withResolvers<void>()
  let socket: Socket | undefined
  const server = createPeer((connection) => {
    socket = connection
    connection.on('error', () => {})
    connection.once('close', () => closing.resolve())
    connection.once('data', () => answer(connection))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/hook`, closed: closing.promise, taken: () => socket?.bytesWritten ?? 0 }
}

const newsFor = (url: string) => ({ url, secret: SECRET, deliveryId: 'id', body: '{}', sentAt: 0 })

async function givenMailServer() {
  const mails: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) =>
      void text(stream)
        .then((mail) => void mails.push(mail))
        .then(() => done()),
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { mails, url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}` }
}

const ok = acting(() => 'Done.')
const no = acting(() => {
  throw new Error('No.')
})

type Engine = Awaited<ReturnType<typeof givenEngine>>

/** Jobs that succeed and fail, run once; what there is to tell is told. */
async function runBoth(engine: Engine, notifyOn: 'never' | 'success' | 'failure' | 'completion'): Promise<void> {
  for (const action of ['ok', 'no']) {
    await engine.jobs.create({ name: action, notifyOn, operator: 'ops', steps: [{ name: 'the step', action }] })
    await (await engine.control.start(action, 'test')).ended
  }
  await engine.notifications.deliver()
}

const webhooks = { allowPrivateWebhooks: true }
const SECRET = 'sixteen characters'

describe('a webhook', () => {
  test.each([
    ['never', []],
    ['success', ['succeeded']],
    ['failure', ['failed']],
    ['completion', ['succeeded', 'failed']],
  ] as const)('is told of %s as the job says, once', async (notifyOn, outcomes) => {
    const engine = await givenEngine({ ok, no }, { channels: webhooks })
    const { received, url } = await givenReceiver(204)
    await engine.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET })

    await runBoth(engine, notifyOn)
    await engine.notifications.deliver()

    expect(received.map(({ body }) => JSON.parse(body).run.outcome).sort()).toEqual([...outcomes].sort())
  })

  test('can tell that the news is ours, and what happened', async () => {
    const engine = await givenEngine({ no }, { channels: webhooks })
    const { received, url } = await givenReceiver(200)
    await engine.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET })
    await engine.jobs.create({
      name: 'job',
      notifyOn: 'failure',
      operator: 'ops',
      steps: [{ name: 'a', action: 'no' }],
    })
    await (await engine.control.start('job', 'test')).ended

    await engine.notifications.deliver()

    const { headers, body } = received[0] as Received
    const timestamp = String(headers['x-mayfly-timestamp'])
    expect(timestamp).toBe(String(engine.clock() / 1000))
    expect(headers['x-mayfly-signature']).toBe(`sha256=${signature(SECRET, timestamp, body)}`)
    expect(headers['x-mayfly-delivery']).toMatch(/^\w{16}$/)
    expect(JSON.parse(body)).toMatchObject({
      event: 'job.ended',
      job: { name: 'job' },
      run: { outcome: 'failed', trigger: 'manual', startedAt: '2026-01-01T12:00:00.000Z' },
      steps: [{ step: 1, name: 'a', outcome: 'failed', message: 'No.' }],
    })
  })

  test('that fails is retried, with growing delays and the same delivery id, until it answers', async () => {
    const engine = await givenEngine({ no }, { channels: webhooks })
    const { received, url } = await givenReceiver(500, 302, 200)
    await engine.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET })
    await engine.jobs.create({
      name: 'job',
      notifyOn: 'failure',
      operator: 'ops',
      steps: [{ name: 'a', action: 'no' }],
    })
    await (await engine.control.start('job', 'test')).ended

    await engine.notifications.deliver()
    engine.advance(9_999)
    await engine.notifications.deliver()
    expect(received).toHaveLength(1)
    engine.advance(1)
    await engine.notifications.deliver()
    engine.advance(MINUTE)
    await engine.notifications.deliver()
    engine.advance(60 * MINUTE)
    await engine.notifications.deliver()

    expect(received.map((one) => one.url)).toEqual(['/hook', '/hook', '/hook'])
    expect(new Set(received.map(({ headers }) => headers['x-mayfly-delivery'])).size).toBe(1)
  })

  test('that never answers well is given up after six attempts', async () => {
    const engine = await givenEngine({ no }, { channels: webhooks })
    const { received, url } = await givenReceiver(500)
    await engine.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET })
    await engine.jobs.create({
      name: 'job',
      notifyOn: 'failure',
      operator: 'ops',
      steps: [{ name: 'a', action: 'no' }],
    })
    await (await engine.control.start('job', 'test')).ended

    for (let attempt = 0; attempt < 10; attempt += 1) {
      await engine.notifications.deliver()
      engine.advance(60 * MINUTE)
    }

    expect(received).toHaveLength(6)
    expect(await engine.db.selectFrom('jobNotifications').select(['status', 'message']).execute()).toEqual([
      { status: 'failed', message: expect.stringMatching(/^127\.0\.0\.1:\d+ answered 500$/) },
    ])
  })

  test('is notified by one of the replicas that try at the same time', async () => {
    const first = await givenEngine({ ok, no }, { channels: webhooks })
    const second = await givenEngine({ ok, no }, { location: first.location, channels: webhooks })
    const { received, url } = await givenReceiver(200)
    await first.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET })
    await runBoth(first, 'never')
    await first.jobs.change('no', { notifyOn: 'failure' })
    await (await first.control.start('no', 'test')).ended

    await Promise.all([first, second, first].map(({ notifications }) => notifications.deliver()))

    expect(received).toHaveLength(1)
  })

  test('that is disabled gets nothing', async () => {
    const engine = await givenEngine({ ok, no }, { channels: webhooks })
    const { received, url } = await givenReceiver(200)
    await engine.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET, isEnabled: false })

    await runBoth(engine, 'completion')

    expect(received).toEqual([])
  })

  test.each([
    'http://example.org/hook',
    'https://127.0.0.1/hook',
    'https://10.1.2.3/hook',
    'https://192.168.0.1:8443/hook',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/hook',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://user:password@example.org/',
    'ftp://example.org/',
    'nonsense',
  ])('is not accepted at %s', async (target) => {
    const engine = await givenEngine({})

    await expect(engine.operators.create({ name: 'ops', kind: 'webhook', target })).rejects.toThrow(/^target: /)
  })

  test.each([
    ['takes the connection and says nothing', () => {}],
    [
      'begins its answer and never ends the head of it',
      (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\nX: '),
    ],
  ])('that %s is given up after ten seconds', async (_what, answer) => {
    const { url, closed } = await givenPeer(answer)
    const { timeout } = AbortSignal
    const limits = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(200))
    onTestFinished(() => limits.mockRestore())

    await expect(postWebhook(newsFor(url), { allowPrivate: true })).rejects.toThrow(
      /^127\.0\.0\.1:\d+ did not answer within 10 seconds$/,
    )

    expect(limits).toHaveBeenCalledWith(10_000)
    await closed
  })

  test('whose answer never ends has been told, and is not listened to', async () => {
    const { url, closed, taken } = await givenPeer((socket) => {
      const flood = () => {
        while (socket.write(Buffer.alloc(65_536)));
      }
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n')
      socket.on('drain', flood)
      flood()
    })

    await postWebhook(newsFor(url), { allowPrivate: true })

    await closed
    expect(taken()).toBeLessThan(16 * 1024 * 1024) // no more than the kernel holds
  })

  test('at a private address that was stored while such were allowed is not reached any more', async () => {
    const before = await givenEngine({ no }, { channels: webhooks })
    const { received, url } = await givenReceiver(200)
    const targets = [url, url.replace('http:', 'https:'), url.replace('http://127.0.0.1', 'https://[::ffff:127.0.0.1]')]
    for (const [index, target] of targets.entries())
      await before.operators.create({ name: `ops ${index}`, kind: 'webhook', target, secret: SECRET })
    const engine = await givenEngine({ no }, { location: before.location })
    for (const index of targets.keys()) {
      const steps = [{ name: 'a', action: 'no' }]
      await engine.jobs.create({ name: `job ${index}`, notifyOn: 'failure', operator: `ops ${index}`, steps })
      await (await engine.control.start(`job ${index}`, 'test')).ended
    }

    await engine.notifications.deliver()

    expect(received).toEqual([])
    const told = await engine.db.selectFrom('jobNotifications').select('message').execute()
    expect(told.map(({ message }) => message)).toEqual(
      targets.map(() => expect.stringMatching(/must be a URL that begins with https:|is not a public address/)),
    )
  })

  test('whose name leads to a private address is not reached', async () => {
    const engine = await givenEngine({ no })
    const { received, url } = await givenReceiver(200)
    const { port } = new URL(url)
    await engine.operators.create({
      name: 'ops',
      kind: 'webhook',
      target: `https://localhost:${port}/`,
      secret: SECRET,
    })
    await engine.jobs.create({
      name: 'job',
      notifyOn: 'failure',
      operator: 'ops',
      steps: [{ name: 'a', action: 'no' }],
    })
    await (await engine.control.start('job', 'test')).ended

    await engine.notifications.deliver()

    expect(received).toEqual([])
    expect(await engine.db.selectFrom('jobNotifications').select('message').execute()).toEqual([
      { message: expect.stringContaining('is not a public address') },
    ])
  })
})

test('mail reaches a real mail server, with the steps in it', async () => {
  const { mails, url } = await givenMailServer()
  const engine = await givenEngine({ ok, no }, { channels: { smtpUrl: url, mailFrom: 'mayfly@example.org' } })
  await engine.operators.create({ name: 'ops', kind: 'email', target: 'admin@example.org' })

  await runBoth(engine, 'failure')

  await waitFor(() => expect(mails).toHaveLength(1))
  expect(mails[0]).toContain('From: mayfly@example.org')
  expect(mails[0]).toContain('To: admin@example.org')
  expect(mails[0]).toContain('Subject: Mayfly job no: failed')
  expect(mails[0]).toContain('1.1 the step: failed. No.')
})

test('an operator by mail needs a mail server and an address', async () => {
  const without = await givenEngine({})
  const engine = await givenEngine({}, { channels: { smtpUrl: 'smtp://127.0.0.1:1' } })

  await expect(without.operators.create({ name: 'ops', kind: 'email', target: 'a@example.org' })).rejects.toThrow(
    'kind: mail needs MAYFLY_SMTP_URL, which is not set',
  )
  await expect(engine.operators.create({ name: 'ops', kind: 'email', target: 'a@b\r\nBcc: c@d' })).rejects.toThrow(
    'target: must be a mail address',
  )
})

test('a step can send word, and fails when it does not get there', async () => {
  const engine = await givenEngine({}, { channels: webhooks })
  const { received, url } = await givenReceiver(500, 200)
  await engine.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET })
  const step = { name: 'tell', action: 'deliver-webhook', parameters: { operator: 'ops', message: 'Hello' } }
  await engine.jobs.create({ name: 'job', steps: [{ ...step, retryAttempts: 1 }] })

  const { id } = await (await engine.control.start('job', 'test')).ended

  expect((await engine.control.getRun(id)).steps.map(({ outcome }) => outcome)).toEqual(['retrying', 'succeeded'])
  expect(JSON.parse(received[1]?.body ?? '')).toEqual({ event: 'job.step', message: 'Hello' })
})

test('a job that has an operator to notify keeps running when the operator is removed, and notifies nobody', async () => {
  const engine = await givenEngine({ ok, no }, { channels: webhooks })
  const { url } = await givenReceiver(200)
  await engine.operators.create({ name: 'ops', kind: 'webhook', target: url, secret: SECRET })
  await engine.jobs.create({
    name: 'job',
    notifyOn: 'completion',
    operator: 'ops',
    steps: [{ name: 'a', action: 'ok' }],
  })

  await engine.operators.remove('ops')

  expect(await engine.jobs.get('job')).toMatchObject({ notifyOn: 'never', operatorId: null })
  expect((await (await engine.control.start('job', 'test')).ended).outcome).toBe('succeeded')
  await expect(engine.jobs.change('job', { notifyOn: 'failure' })).rejects.toThrow('operator: is needed')
})
