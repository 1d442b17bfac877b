import { parse } from 'smol-toml'
import type { PlikBucket } from './plik-files.ts'

/** Converts Plik's `plikd.cfg` to settings of this server. Pure. */

export interface PlikdSettings {
  /** As environment variables. */
  environment: Record<string, string>
  /** One line for each key that has no counterpart, with the reason. */
  notes: string[]
  /** Plik's database and files, if an import can read them. */
  source: { database: string | undefined; files: string | PlikBucket | undefined }
}

type Value = string | number | bigint | boolean | unknown[] | object
/** Undefined: the value is the default here. */
type Counterpart = (value: Value) => Record<string, string> | undefined

const text =
  (name: string): Counterpart =>
  (value) => ({ [name]: String(value) })
const list =
  (name: string): Counterpart =>
  (value) => ({ [name]: [value].flat().join(',') })
/** Plik's Str keys may be empty, and -1 means no limit. */
const limit =
  (name: string): Counterpart =>
  (value) =>
    value === '' ? {} : { [name]: ['-1', 'unlimited'].includes(String(value)) ? 'unlimited' : String(value) }
const seconds =
  (name: string): Counterpart =>
  (value) =>
    Number(value) < 0 ? { [name]: 'unlimited' } : { [name]: `${value}s` }

const LOG_LEVELS: Record<string, string> = {
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  critical: 'error',
  fatal: 'fatal',
}

/** By key in lower case, since TOML keys are matched in any case. A later key overrides an earlier one. */
const COUNTERPARTS: Record<string, Counterpart> = {
  debug: (value) => (value === true ? { MAYFLY_LOG_LEVEL: 'debug' } : {}),
  loglevel: (value) => ({ MAYFLY_LOG_LEVEL: LOG_LEVELS[String(value).toLowerCase()] ?? 'info' }),
  listenaddress: text('MAYFLY_HOST'),
  listenport: text('MAYFLY_PORT'),
  metricsport: text('MAYFLY_METRICS_PORT'),
  path: text('MAYFLY_PATH_PREFIX'),
  plikdomain: text('MAYFLY_PUBLIC_URL'),
  downloaddomain: text('MAYFLY_DOWNLOAD_DOMAIN'),
  downloaddomainalias: list('MAYFLY_DOWNLOAD_DOMAIN_ALIAS'),
  enhancedwebsecurity: text('MAYFLY_ENHANCED_WEB_SECURITY'),
  sessiontimeout: text('MAYFLY_SESSION_TIMEOUT'),
  abusecontact: text('MAYFLY_ABUSE_CONTACT'),
  // Plik trusts the header from any sender.
  sourceipheader: (value) =>
    value === '' ? {} : { MAYFLY_SOURCE_IP_HEADER: String(value), MAYFLY_TRUSTED_PROXIES: 'any' },
  uploadwhitelist: list('MAYFLY_UPLOAD_WHITELIST'),
  maxfilesize: limit('MAYFLY_MAX_FILE_SIZE'),
  maxfilesizestr: limit('MAYFLY_MAX_FILE_SIZE'),
  maxusersize: limit('MAYFLY_MAX_USER_SIZE'),
  maxusersizestr: limit('MAYFLY_MAX_USER_SIZE'),
  maxfileperupload: text('MAYFLY_MAX_FILES_PER_UPLOAD'),
  defaultttl: seconds('MAYFLY_DEFAULT_TTL'),
  defaultttlstr: limit('MAYFLY_DEFAULT_TTL'),
  maxttl: seconds('MAYFLY_MAX_TTL'),
  maxttlstr: limit('MAYFLY_MAX_TTL'),
  streamtimeoutstr: (value) => ({ MAYFLY_STREAM_TIMEOUT: String(value) === '0' ? '24d' : String(value) }), // 0: no limit
  oidcclientid: text('MAYFLY_OIDC_CLIENT_ID'),
  oidcclientsecret: text('MAYFLY_OIDC_CLIENT_SECRET'),
  oidcproviderurl: text('MAYFLY_OIDC_ISSUER'),
  oidcprovidername: text('MAYFLY_OIDC_PROVIDER_NAME'),
  oidcvaliddomains: list('MAYFLY_OIDC_VALID_DOMAINS'),
  oidcrequireverifiedemail: text('MAYFLY_OIDC_REQUIRE_VERIFIED_EMAIL'),
  authentication: (value) => ({ MAYFLY_FEATURE_AUTHENTICATION: value === true ? 'enabled' : 'disabled' }),
  noanonymousuploads: (value) => (value === true ? { MAYFLY_FEATURE_AUTHENTICATION: 'forced' } : {}),
  oneshot: flag('MAYFLY_FEATURE_ONE_SHOT'),
  removable: flag('MAYFLY_FEATURE_REMOVABLE'),
  stream: flag('MAYFLY_FEATURE_STREAM'),
  protectedbypassword: flag('MAYFLY_FEATURE_PASSWORD'),
  featureauthentication: text('MAYFLY_FEATURE_AUTHENTICATION'),
  featureoneshot: text('MAYFLY_FEATURE_ONE_SHOT'),
  featureremovable: text('MAYFLY_FEATURE_REMOVABLE'),
  featurestream: text('MAYFLY_FEATURE_STREAM'),
  featurepassword: text('MAYFLY_FEATURE_PASSWORD'),
  featurecomments: text('MAYFLY_FEATURE_COMMENTS'),
  featuresetttl: text('MAYFLY_FEATURE_SET_TTL'),
  featureextendttl: text('MAYFLY_FEATURE_EXTEND_TTL'),
  featureclients: text('MAYFLY_FEATURE_CLIENTS'),
  featuregithub: text('MAYFLY_FEATURE_GITHUB'),
  featuretext: text('MAYFLY_FEATURE_TEXT'),
  featureapitokens: text('MAYFLY_FEATURE_API_TOKENS'),
  featurelocallogin: text('MAYFLY_FEATURE_LOCAL_LOGIN'),
  featuredeleteaccount: text('MAYFLY_FEATURE_DELETE_ACCOUNT'),
}

function flag(name: string): Counterpart {
  return (value) => ({ [name]: value === true ? 'enabled' : 'disabled' })
}

const PROXY = 'HTTPS needs a proxy in front of the server'
const BUILT_IN = 'the page is part of the server'
const OIDC = 'external logins use OpenID Connect only'

const REASONS: Record<string, string> = {
  debugrequests: 'paths and bodies are never logged',
  metricsaddress: 'metrics use the address of the server',
  sslenabled: PROXY,
  sslcert: PROXY,
  sslkey: PROXY,
  tlsversion: PROXY,
  nowebinterface: 'the page is always available',
  webappdirectory: BUILT_IN,
  clientsdirectory: 'the server offers no clients for download',
  changelogdirectory: 'the server offers no clients for download',
  enablearchivecompression: 'archives are never compressed, so that a download of them can be resumed',
  googleapiclientid: OIDC,
  googleapisecret: OIDC,
  googlevaliddomains: OIDC,
  githubapiclientid: OIDC,
  githubapisecret: OIDC,
  githubvalidorganizations: OIDC,
  ovhapikey: OIDC,
  ovhapisecret: OIDC,
  ovhapiendpoint: OIDC,
  defaultadminlogin: 'the first administrator is created by `mayfly user create --admin`',
  defaultadminpassword: 'the first administrator is created by `mayfly user create --admin`',
  featuree2ee: 'encryption is always available and never required',
  databackend:
    'files are kept in the data folder (MAYFLY_DATA_DIR) or in S3 (MAYFLY_STORAGE); `mayfly import-plik` imports them',
  databackendconfig:
    'files are kept in the data folder (MAYFLY_DATA_DIR) or in S3 (MAYFLY_S3_…); `mayfly import-plik` imports them',
  metadatabackendconfig: 'the database is MAYFLY_DATABASE_URL; `mayfly import-plik` imports the data of Plik’s',
}

/** Throws with line and column if the text is not valid TOML. */
export function readPlikdSettings(toml: string): PlikdSettings {
  const settings: PlikdSettings = { environment: {}, notes: [], source: { database: undefined, files: undefined } }
  const entries = Object.entries(parse(toml)) as [string, Value][]
  for (const [key, value] of entries.toSorted(byLength)) {
    const name = key.toLowerCase()
    const counterpart = COUNTERPARTS[name]
    if (counterpart) Object.assign(settings.environment, counterpart(value))
    else settings.notes.push(`${key} has no counterpart: ${REASONS[name] ?? 'Mayfly does not know it'}`)
    if (name === 'databackendconfig') settings.source.files = filesOf(value)
    if (name === 'metadatabackendconfig') settings.source.database = databaseOf(value)
  }
  joinPath(settings.environment)
  return settings
}

/** `MaxTTLStr` overrides `MaxTTL`, and `FeatureStream` overrides `Stream`. */
const byLength = ([a]: [string, Value], [b]: [string, Value]): number => a.length - b.length

/** Plik's domain excludes the path, this server's public URL includes it. */
function joinPath(environment: Record<string, string>): void {
  const { MAYFLY_PUBLIC_URL: domain, MAYFLY_PATH_PREFIX: path = '' } = environment
  if (domain) environment.MAYFLY_PUBLIC_URL = domain.replace(/\/$/, '') + path
}

function databaseOf(value: Value): string | undefined {
  const driver = field(value, 'driver') ?? 'sqlite3'
  const connection = field(value, 'connectionstring')
  if (driver === 'postgres' && connection !== undefined) return postgresUrl(connection)
  return driver === 'sqlite3' ? connection : undefined
}

export const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\//.test(text)

/** Go's drivers also take `host=db user=plik password='a secret' dbname=plik` (libpq, 34.1.1.1). */
function postgresUrl(connection: string): string {
  if (isPostgresUrl(connection)) return connection
  const pairs = [...connection.matchAll(/(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))/g)]
  const given = new Map(
    pairs.map(([, key = '', quoted, plain = '']) => [key, quoted?.replace(/\\(.)/g, '$1') ?? plain]),
  )
  const part = (key: string): string => encodeURIComponent(given.get(key) ?? '')
  const host = given.get('host') ?? 'localhost'
  const url = new URL(
    `postgres://${part('user')}:${part('password')}@localhost:${given.get('port') ?? 5432}/${part('dbname')}`,
  )
  if (host.startsWith('/'))
    url.searchParams.set('host', host) // the folder of a Unix socket
  else url.hostname = host
  const mode = given.get('sslmode')
  if (mode !== undefined) url.searchParams.set('sslmode', mode)
  return url.href
}

/** Where the backend named `file` or `s3` keeps files; its keys show which of the two it is. */
function filesOf(value: Value): string | PlikBucket | undefined {
  const endpoint = field(value, 'endpoint')
  if (endpoint === undefined) return field(value, 'directory')
  if (field(value, 'sse') === 'SSE-C') return undefined // each file has a key of its own, in a column that the import does not read
  return {
    endpoint: `${field(value, 'usessl') === 'true' ? 'https' : 'http'}://${endpoint}`,
    region: field(value, 'location') ?? 'us-east-1',
    bucket: field(value, 'bucket') ?? 'plik',
    prefix: field(value, 'prefix') ?? '',
    accessKeyId: field(value, 'accesskeyid'),
    secretAccessKey: field(value, 'secretaccesskey'),
    forcePathStyle: !/(^|\.)amazonaws\.com(:\d+)?$/.test(endpoint),
  }
}

function field(table: Value, wanted: string): string | undefined {
  const found = Object.entries(table).find(([key]) => key.toLowerCase() === wanted)
  return found === undefined ? undefined : String(found[1])
}
