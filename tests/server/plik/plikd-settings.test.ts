import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../server/config/config.ts'
import { environmentWith } from '../../../server/plik/plikd-environment.ts'
import { readPlikdSettings } from '../../../server/plik/plikd-settings.ts'
import { temporaryFolder } from '../../helpers/database.ts'

/** `plikd.cfg` (Plik §7). */

/** The file that Plik 1.3.8 ships with, without its comments. */
const SHIPPED = `
Debug               = false
DebugRequests       = false
LogLevel            = "INFO"
ListenPort          = 8080
ListenAddress       = "0.0.0.0"
MetricsPort         = 0
MetricsAddress      = "0.0.0.0"
Path                = ""
MaxFileSizeStr      = "10GB"
MaxUserSizeStr      = "unlimited"
MaxFilePerUpload    = 1000
DefaultTTLStr       = "30d"
MaxTTLStr           = "30d"
SslEnabled          = false
SslCert             = "plik.crt"
SslKey              = "plik.key"
TlsVersion          = "tlsv10"
NoWebInterface      = false
DownloadDomain      = ""
DownloadDomainAlias = []
EnhancedWebSecurity = false
SessionTimeout      = "365d"
AbuseContact        = ""
WebappDirectory     = "../webapp/dist"
ClientsDirectory    = "../clients"
ChangelogDirectory  = "../changelog"
SourceIpHeader      = ""
UploadWhitelist     = []
FeatureAuthentication = "disabled"
FeatureOneShot      = "enabled"
FeatureRemovable    = "enabled"
FeatureStream       = "enabled"
FeaturePassword     = "enabled"
FeatureComments     = "enabled"
FeatureSetTTL       = "enabled"
FeatureExtendTTL    = "disabled"
FeatureClients      = "enabled"
FeatureGithub       = "enabled"
FeatureText         = "enabled"
GoogleApiClientID   = ""
GoogleApiSecret     = ""
GoogleValidDomains  = []
OvhApiKey           = ""
OvhApiSecret        = ""
OvhApiEndpoint      = ""
DataBackend = "file"
[DataBackendConfig]
    Directory = "files"
[MetadataBackendConfig]
    Driver = "sqlite3"
    ConnectionString = "plik.db"
    Debug = false
`

const NOWHERE = [
  ...['DebugRequests', 'MetricsAddress', 'SslEnabled', 'SslCert', 'SslKey', 'TlsVersion', 'NoWebInterface'],
  ...['WebappDirectory', 'ClientsDirectory', 'ChangelogDirectory', 'GoogleApiClientID', 'GoogleApiSecret'],
  ...['GoogleValidDomains', 'OvhApiKey', 'OvhApiSecret', 'OvhApiEndpoint', 'DataBackend', 'DataBackendConfig'],
  'MetadataBackendConfig',
]

test('the file that Plik ships with is understood, and means what it meant', () => {
  const { environment, source } = readPlikdSettings(SHIPPED)

  expect(readConfig(environment)).toEqual({ ...readConfig({}), host: '0.0.0.0' })
  expect(source).toEqual({ database: 'plik.db', files: 'files' })
})

test('each key without a counterpart has a line that says why', () => {
  const { notes } = readPlikdSettings(SHIPPED)

  expect(notes.map((note) => note.split(' ')[0]).toSorted()).toEqual(NOWHERE.toSorted())
  expect(notes).toContain('SslCert has no counterpart: HTTPS needs a proxy in front of the server')
  expect(readPlikdSettings('Nonsense = 1').notes).toEqual(['Nonsense has no counterpart: Mayfly does not know it'])
})

test('every value arrives', () => {
  const { environment, notes } = readPlikdSettings(`
    LogLevel = "WARNING"
    listenport = 9090
    ListenAddress = "::1"
    MetricsPort = 9091
    Path = "/share"
    PlikDomain = "https://files.example.org/"
    DownloadDomain = "https://dl.example.org"
    DownloadDomainAlias = ["https://a.example.org", "https://b.example.org"]
    EnhancedWebSecurity = true
    SessionTimeout = 3600
    OIDCClientID = "mayfly"
    OIDCClientSecret = "s3cret"
    OIDCProviderURL = "https://login.example.org/realms/a"
    OIDCValidDomains = ["example.org"]
    AbuseContact = "abuse@example.org"
    SourceIpHeader = "X-Forwarded-For"
    UploadWhitelist = ["192.0.2.0/24", "2001:db8::1"]
    MaxFileSizeStr = "2GB"
    MaxUserSizeStr = "5GB"
    MaxFilePerUpload = 5
    DefaultTTLStr = "1d"
    MaxTTLStr = "2d"
    StreamTimeoutStr = "1m"
    FeatureAuthentication = "forced"
    FeatureOneShot = "default"
    FeatureApiTokens = "disabled"`)

  expect(notes).toEqual([])
  expect(readConfig(environment)).toMatchObject({
    logLevel: 'warn',
    port: 9090,
    host: '::1',
    metricsPort: 9091,
    pathPrefix: '/share',
    publicUrl: 'https://files.example.org/share',
    downloadDomain: 'https://dl.example.org',
    downloadDomainAliases: ['https://a.example.org', 'https://b.example.org'],
    enhancedWebSecurity: true,
    sessionTimeoutSeconds: 3600,
    oidcIssuer: 'https://login.example.org/realms/a',
    oidcClientId: 'mayfly',
    oidcClientSecret: 's3cret',
    abuseContact: 'abuse@example.org',
    sourceIpHeader: 'X-Forwarded-For',
    maxFileSizeBytes: 2_000_000_000,
    maxUserSizeBytes: 5_000_000_000,
    maxFilesPerUpload: 5,
    defaultTtlSeconds: 86_400,
    maxTtlSeconds: 172_800,
    streamTimeoutMs: 60_000,
    featureAuthentication: 'forced',
    featureOneShot: 'default',
    featureApiTokens: 'disabled',
  })
  expect(readConfig(environment).uploadWhitelist).toHaveLength(2)
})

test('no limit stays none, and the number in seconds gives way to the text', () => {
  const { environment } = readPlikdSettings(`
    MaxTTLStr = "0"
    MaxTTL = 60
    DefaultTTL = -1
    MaxFileSizeStr = "-1"
    MaxFileSize = 10
    MaxUserSizeStr = ""
    MaxUserSize = 1000
    StreamTimeoutStr = "0"`)

  expect(readConfig(environment)).toMatchObject({
    maxTtlSeconds: Number.POSITIVE_INFINITY,
    defaultTtlSeconds: Number.POSITIVE_INFINITY,
    maxFileSizeBytes: Number.POSITIVE_INFINITY,
    maxUserSizeBytes: 1000,
    streamTimeoutMs: 24 * 86_400_000,
  })
})

test('the flags of older files count where the newer are missing', () => {
  const { environment } = readPlikdSettings(`
    Authentication = true
    NoAnonymousUploads = true
    OneShot = false
    Stream = true
    FeatureStream = "forced"`)

  expect(readConfig(environment)).toMatchObject({
    featureAuthentication: 'forced',
    featureOneShot: 'disabled',
    featureStream: 'forced',
  })
})

test('a database that is not SQLite can not be imported from', () => {
  const { source } = readPlikdSettings('[MetadataBackendConfig]\nDriver = "mysql"\nConnectionString = "plik@/plik"')

  expect(source.database).toBeUndefined()
})

test('--config lies below the environment, and its notes name the file', () => {
  const file = join(temporaryFolder(), 'plikd.cfg')
  writeFileSync(file, 'ListenPort = 9090\nMaxFilePerUpload = 7\nTlsVersion = "tlsv12"\n')
  const lines: string[] = []

  const environment = environmentWith(['--config', file], { MAYFLY_PORT: '1234' }, (line) => lines.push(line))

  expect(readConfig(environment)).toMatchObject({ port: 1234, maxFilesPerUpload: 7 })
  expect(lines).toEqual(['plikd.cfg: TlsVersion has no counterpart: HTTPS needs a proxy in front of the server'])
})

test('what is no TOML, and what is no argument, stops the start', () => {
  const file = join(temporaryFolder(), 'plikd.cfg')
  writeFileSync(file, 'ListenPort = \n')
  const tell = () => {}

  expect(() => environmentWith(['--config', file], {}, tell)).toThrow(/Invalid TOML/)
  expect(() => environmentWith(['--config', '/nowhere/plikd.cfg'], {}, tell)).toThrow(/ENOENT/)
  expect(() => environmentWith(['--confg', file], {}, tell)).toThrow(/--confg/)
})

test.for([
  ['postgres://plik:secret@db/plik', 'postgres://plik:secret@db/plik'],
  ['host=db port=5433 user=plik dbname=plik sslmode=disable', 'postgres://plik@db:5433/plik?sslmode=disable'],
  [`user='a b' password='it\\'s @ /' dbname=plik`, "postgres://a%20b:it's%20%40%20%2F@localhost:5432/plik"],
  ['host=/run/postgresql user=plik dbname=plik', 'postgres://plik@localhost:5432/plik?host=%2Frun%2Fpostgresql'],
])('a database in PostgreSQL is found by %s', ([connection, url]) => {
  const toml = `[MetadataBackendConfig]\nDriver = "postgres"\nConnectionString = ${JSON.stringify(connection)}`

  expect(readPlikdSettings(toml).source.database).toBe(url)
})

test('files in a bucket are found, unless each is encrypted with a key of its own', () => {
  const toml = `DataBackend = "s3"
[DataBackendConfig]
Endpoint = "minio:9000"
AccessKeyID = "key"
SecretAccessKey = "secret"
Bucket = "files"
Prefix = "plik"
UseSSL = true`

  expect(readPlikdSettings(toml).source.files).toEqual({
    endpoint: 'https://minio:9000',
    region: 'us-east-1',
    bucket: 'files',
    prefix: 'plik',
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    forcePathStyle: true,
  })
  expect(readPlikdSettings(`${toml}\nSSE = "SSE-C"`).source.files).toBeUndefined()
})
