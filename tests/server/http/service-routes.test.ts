import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { isInstalled } from '../../helpers/programs.ts'

/** What clients and operators ask about the server itself (Plik §1.2, §1.3). */

const DEFAULTS = {
  maxFileSize: 10_000_000_000,
  maxUserSize: -1,
  maxFilePerUpload: 1000,
  defaultTTL: 2_592_000,
  maxTTL: 2_592_000,
  downloadDomain: '',
  downloadDomainAlias: [],
  abuseContact: '',
  feature_authentication: 'disabled',
  feature_one_shot: 'enabled',
  feature_removable: 'enabled',
  feature_stream: 'enabled',
  feature_password: 'enabled',
  feature_comments: 'enabled',
  feature_set_ttl: 'enabled',
  feature_extend_ttl: 'disabled',
  feature_clients: 'enabled',
  feature_github: 'enabled',
  feature_text: 'enabled',
  authentication: false,
  noAnonymousUploads: false,
  oneShot: true,
  removable: true,
  stream: true,
  protectedByPassword: true,
  googleAuthentication: false,
  ovhAuthentication: false,
  ovhApiEndpoint: '',
  feature_local_login: 'enabled',
  feature_api_tokens: 'enabled',
  feature_delete_account: 'enabled',
  githubAuthentication: false,
  oidcAuthentication: false,
  oidcProviderName: 'OpenID',
  feature_requests: 'enabled',
  streamTimeout: 300,
  heicThumbnails: isInstalled('heif'),
}

test('/config has every key of Plik, in its order, with its defaults (Plik §1.3)', async () => {
  const app = await makeApp()

  const config = await jsonOf(fetch(`${app.url}/config`))

  expect(config).toEqual(DEFAULTS)
  expect(Object.keys(config)).toEqual(Object.keys(DEFAULTS))
})

test('/config tells what is set; no limit is -1', async () => {
  const app = await makeApp({
    MAX_FILE_SIZE: 'unlimited',
    MAX_USER_SIZE: '100MB',
    MAX_FILES_PER_UPLOAD: '7',
    DEFAULT_TTL: 'unlimited',
    MAX_TTL: '0',
    DOWNLOAD_DOMAIN: 'https://dl.example.org',
    DOWNLOAD_DOMAIN_ALIAS: 'https://a.example.org,https://b.example.org',
    ABUSE_CONTACT: 'abuse@example.org',
    FEATURE_CLIENTS: 'disabled',
    FEATURE_GITHUB: 'disabled',
  })

  expect(await jsonOf(fetch(`${app.url}/config`))).toMatchObject({
    maxFileSize: -1,
    maxUserSize: 100_000_000,
    maxFilePerUpload: 7,
    defaultTTL: -1,
    maxTTL: -1,
    downloadDomain: 'https://dl.example.org',
    downloadDomainAlias: ['https://a.example.org', 'https://b.example.org'],
    abuseContact: 'abuse@example.org',
    feature_clients: 'disabled',
    feature_github: 'disabled',
  })
})

test.for([
  ['disabled', false, false],
  ['enabled', true, false],
  ['default', true, false],
  ['forced', true, true],
] as const)(
  'features that are %s: the booleans of old clients say %s (Plik §1.3)',
  async ([state, available, forced]) => {
    const app = await makeApp({
      FEATURE_AUTHENTICATION: state,
      FEATURE_ONE_SHOT: state,
      FEATURE_REMOVABLE: state,
      FEATURE_STREAM: state,
      FEATURE_PASSWORD: state,
      FEATURE_TEXT: state,
    })

    expect(await jsonOf(fetch(`${app.url}/config`))).toMatchObject({
      feature_one_shot: state,
      feature_text: state,
      oneShot: available,
      removable: available,
      stream: available,
      protectedByPassword: available,
      authentication: available,
      noAnonymousUploads: forced,
    })
  },
)

test('/version says which one it is, and offers no client updates (Plik §1.3)', async () => {
  const app = await makeApp()

  const version = await jsonOf(fetch(`${app.url}/version`))

  expect(version).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    date: expect.any(Number),
    isRelease: true,
    isMint: true,
    clients: null,
    releases: null,
  })
  expect(Number.isInteger(version.date)).toBe(true)
  expect(version.date).toBeGreaterThan(1_700_000_000)
})

test('with ENHANCED_WEB_SECURITY /version says less (Plik §1.3)', async () => {
  const app = await makeApp({ ENHANCED_WEB_SECURITY: 'true' })

  expect(await jsonOf(fetch(`${app.url}/version`))).toEqual({
    version: expect.any(String),
    date: 0,
    isRelease: false,
    isMint: false,
    clients: null,
    releases: null,
  })
})

test('/health says that the process lives, /ready that it can work', async () => {
  const app = await makeApp()

  expect(await answerOf(fetch(`${app.url}/health`))).toEqual([200, 'ok\n'])
  expect(await answerOf(fetch(`${app.url}/ready`))).toEqual([200, 'ok\n'])
})

test('answers about the server are plain: nosniff, no referrer, readable from any origin without credentials', async () => {
  const app = await makeApp()

  const { headers } = await fetch(`${app.url}/config`, { headers: { Origin: 'https://elsewhere.example' } })

  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('access-control-allow-credentials')).toBe(null)
  expect(headers.get('x-powered-by')).toBe(null)
})
