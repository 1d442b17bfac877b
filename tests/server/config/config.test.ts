import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import ipaddr from 'ipaddr.js'
import { expect, test } from 'vitest'
import { configurationMarkdown } from '../../../scripts/config-docs.ts'
import { readConfig } from '../../../server/config/config.ts'
import type { AddressRange } from '../../../server/config/setting-kinds.ts'
import { parseDurationMs, parseDurationSeconds, parseSize } from '../../../server/config/units.ts'

test('an empty environment gives the defaults of Plik', () => {
  expect(readConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    dataDir: './data',
    pathPrefix: '',
    downloadDomainAliases: [],
    maxFileSizeBytes: 10_000_000_000,
    maxUserSizeBytes: Number.POSITIVE_INFINITY,
    maxFilesPerUpload: 1000,
    defaultTtlSeconds: 2_592_000,
    maxTtlSeconds: 2_592_000,
    featureAuthentication: 'disabled',
    featureOneShot: 'enabled',
    featureExtendTtl: 'disabled',
    database: { kind: 'sqlite', file: 'mayfly.db' },
    storage: 'local',
    enhancedWebSecurity: false,
  })
})

test('an empty value is the same as none, and spaces around a value do not count', () => {
  const config = readConfig({
    MAYFLY_PORT: '',
    MAYFLY_HOST: ' ',
    MAYFLY_MAX_TTL: ' 60d\n',
    MAYFLY_NOT_YET_INVENTED: '',
  })

  expect(config).toMatchObject({ port: 8080, host: '127.0.0.1', maxTtlSeconds: 5_184_000 })
})

test('variables of other programs are left alone', () => {
  expect(readConfig({ PORT: 'abc', PLIKD_PORT: 'abc' }).port).toBe(8080)
})

test('every problem is reported at once, each by the full name of its variable', () => {
  const environment = {
    MAYFLY_PORT: '65536',
    MAYFLY_MAX_FILE_SIZE: '10XB',
    MAYFLY_DEFAULT_TTL: 'unlimited',
    MAYFLY_ENHANCED_WEB_SECURITY: 'yes',
    MAYFLY_FEATURE_GITHUB: 'forced',
    MAYFLY_STORAGE: 's3',
    MAYFLY_MAX_TLL: '30d',
  }

  expect(() => readConfig(environment)).toThrow(
    new Error(
      [
        'Invalid settings',
        'MAYFLY_PORT: "65536" is not allowed; write a whole number from 0 to 65535',
        'MAYFLY_MAX_FILE_SIZE: "10XB" is not allowed; write a size such as `500MB` or `10GiB`, or `unlimited`',
        'MAYFLY_FEATURE_GITHUB: "forced" is not allowed; write `disabled` or `enabled`',
        'MAYFLY_ENHANCED_WEB_SECURITY: "yes" is not allowed; write `true` or `false`',
        'MAYFLY_DEFAULT_TTL: is longer than MAYFLY_MAX_TTL; set both (each is 30d when not set)',
        'MAYFLY_S3_BUCKET: is required when MAYFLY_STORAGE is s3',
        'MAYFLY_MAX_TLL: unknown setting, did you mean MAYFLY_MAX_TTL?',
      ].join('\n'),
    ),
  )
})

test('nginx can send files from a folder only', () => {
  const settings = { MAYFLY_ACCEL_REDIRECT: '/_mayfly/', MAYFLY_STORAGE: 's3', MAYFLY_S3_BUCKET: 'files' }

  expect(() => readConfig(settings)).toThrow('MAYFLY_ACCEL_REDIRECT: needs files in a folder')
})

test('an unknown setting that resembles none gets no suggestion', () => {
  expect(() => readConfig({ MAYFLY_PATH: '/x' })).toThrow(/^Invalid settings\nMAYFLY_PATH: unknown setting$/)
})

test.each([
  [{ MAYFLY_DATABASE_URL: 'mysql://plik:hunter2@localhost/plik' }],
  [{ MAYFLY_DATABASE_URL: 'host=localhost password=hunter2' }],
  [{ MAYFLY_DATABASE_URL: 'postgres://plik:hun#ter2/@@:x/plik' }],
  [{ MAYFLY_S3_SECRET_ACCESS_KEY: 'hunter2' }],
  [{ MAYFLY_S3_SECRET_KEY: 'hunter2' }],
  [{ MAYFLY_S3_ENDPOINT: 'https://minio:hunter2@localhost' }],
])('the message about %j keeps the secret', (environment) => {
  expect(() => readConfig(environment)).toThrow(/^Invalid settings\nMAYFLY_((?!hunter2|hun#ter2).)*$/)
})

test('the default life time may reach the maximum and not pass it', () => {
  expect(readConfig({ MAYFLY_DEFAULT_TTL: '7d', MAYFLY_MAX_TTL: '1w' }).defaultTtlSeconds).toBe(604_800)
  expect(() => readConfig({ MAYFLY_DEFAULT_TTL: '604801', MAYFLY_MAX_TTL: '1w' })).toThrow(
    'MAYFLY_DEFAULT_TTL: is longer',
  )
  expect(() => readConfig({ MAYFLY_DEFAULT_TTL: '-1' })).toThrow('MAYFLY_DEFAULT_TTL: is longer')
  expect(() => readConfig({ MAYFLY_MAX_TTL: '7d' })).toThrow('MAYFLY_DEFAULT_TTL: is longer')
})

test.each(['0', '-1', 'unlimited'])('a maximum life time of %s is no limit', (maxTtl) => {
  const config = readConfig({ MAYFLY_MAX_TTL: maxTtl, MAYFLY_DEFAULT_TTL: 'unlimited' })

  expect(config.maxTtlSeconds).toBe(Number.POSITIVE_INFINITY)
  expect(config.defaultTtlSeconds).toBe(Number.POSITIVE_INFINITY)
})

test.each([
  ['MAYFLY_PORT', '-1'],
  ['MAYFLY_PORT', '0x50'],
  ['MAYFLY_PORT', '80.5'],
  ['MAYFLY_MAX_FILE_SIZE', '0'],
  ['MAYFLY_MAX_FILES_PER_UPLOAD', '0'],
  ['MAYFLY_MIN_FREE_SPACE', 'unlimited'],
  ['MAYFLY_DEFAULT_TTL', '0'],
  ['MAYFLY_DEFAULT_TTL', '1500ms'],
  ['MAYFLY_CLAIM_WINDOW', '0'],
  ['MAYFLY_CLAIM_WINDOW', 'unlimited'],
  ['MAYFLY_SHUTDOWN_TIMEOUT', '25d'],
  ['MAYFLY_RATE_LIMIT', '0'],
  ['MAYFLY_PATH_PREFIX', 'files'],
  ['MAYFLY_PATH_PREFIX', '/a//b'],
  ['MAYFLY_PATH_PREFIX', '/a/../b'],
  ['MAYFLY_PATH_PREFIX', '/a b'],
  ['MAYFLY_PUBLIC_URL', 'ftp://example.org'],
  ['MAYFLY_PUBLIC_URL', 'https://example.org/?a=1'],
  ['MAYFLY_DOWNLOAD_DOMAIN', 'dl.example.org'],
  ['MAYFLY_DOWNLOAD_DOMAIN', 'https://example.org/dl'],
  ['MAYFLY_DOWNLOAD_DOMAIN_ALIAS', 'https://a.example.org, b.example.org'],
  ['MAYFLY_SOURCE_IP_HEADER', 'X Forwarded For'],
  ['MAYFLY_UPLOAD_WHITELIST', '10.1'],
  ['MAYFLY_UPLOAD_WHITELIST', '010.0.0.1'],
  ['MAYFLY_UPLOAD_WHITELIST', '10.0.0.0/33'],
  ['MAYFLY_UPLOAD_WHITELIST', 'fe80::1%eth0'],
  ['MAYFLY_UPLOAD_WHITELIST', 'loopback'],
  ['MAYFLY_FEATURE_TEXT', 'true'],
  ['MAYFLY_ENHANCED_WEB_SECURITY', '1'],
  ['MAYFLY_DATABASE_URL', 'sqlite://data.db'],
  ['MAYFLY_S3_PREFIX', '/mayfly'],
  ['MAYFLY_ACCEL_REDIRECT', '/_mayfly'],
  ['MAYFLY_ACCEL_REDIRECT', '/../'],
])('%s=%s is refused', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(`Invalid settings\n${name}: `)
})

test('values at the edge of what is allowed are taken', () => {
  const config = readConfig({
    MAYFLY_PORT: '65535',
    MAYFLY_MAX_FILE_SIZE: '1',
    MAYFLY_MAX_FILES_PER_UPLOAD: '1',
    MAYFLY_MIN_FREE_SPACE: '0',
    MAYFLY_DEFAULT_TTL: '1s',
    MAYFLY_SHUTDOWN_TIMEOUT: '24d',
    MAYFLY_CLAIM_WINDOW: '1ms',
    MAYFLY_RATE_LIMIT: 'off',
  })

  expect(config).toMatchObject({
    port: 65_535,
    maxFileSizeBytes: 1,
    maxFilesPerUpload: 1,
    minFreeSpaceBytes: 0,
    defaultTtlSeconds: 1,
    shutdownTimeoutMs: 2_073_600_000,
    claimWindowMs: 1,
    rateLimitPerMinute: Number.POSITIVE_INFINITY,
  })
})

test('addresses are kept the way they are compared: no slash at the end, host in lower case, no default port', () => {
  const config = readConfig({
    MAYFLY_PATH_PREFIX: '/share/files/',
    MAYFLY_PUBLIC_URL: 'https://Files.Example.org:443/share/files/',
    MAYFLY_DOWNLOAD_DOMAIN: 'https://DL.example.org/',
    MAYFLY_DOWNLOAD_DOMAIN_ALIAS: 'http://a.example.org:8080 , https://[::1]:8443/,',
  })

  expect(config).toMatchObject({
    pathPrefix: '/share/files',
    publicUrl: 'https://files.example.org/share/files',
    downloadDomain: 'https://dl.example.org',
    downloadDomainAliases: ['http://a.example.org:8080', 'https://[::1]:8443'],
  })
  expect(readConfig({ MAYFLY_PATH_PREFIX: '/' }).pathPrefix).toBe('')
})

test('a bare IPv6 address in the white list is that one address, not Plik’s /32', () => {
  const { uploadWhitelist } = readConfig({ MAYFLY_UPLOAD_WHITELIST: '::1, 10.0.0.0/8,192.0.2.7, 2001:db8::/32' })

  expect(uploadWhitelist.map(written)).toEqual(['::1/128', '10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32'])
  expect(contains(uploadWhitelist, '::1')).toBe(true)
  expect(contains(uploadWhitelist, '::2')).toBe(false)
  expect(contains(uploadWhitelist, '10.255.255.255')).toBe(true)
  expect(contains(uploadWhitelist, '11.0.0.0')).toBe(false)
  expect(contains(uploadWhitelist, '2001:db8:ffff::1')).toBe(true)
})

test('an IPv4 range written as IPv6 is the IPv4 range', () => {
  const { uploadWhitelist } = readConfig({ MAYFLY_UPLOAD_WHITELIST: '::ffff:10.0.0.0/104' })

  expect(uploadWhitelist.map(written)).toEqual(['10.0.0.0/8'])
})

test('trusted proxies are the machine itself, unless others or any are named', () => {
  const proxies = (value: string) => readConfig({ MAYFLY_TRUSTED_PROXIES: value }).trustedProxies.map(written)

  expect(proxies('')).toEqual(['127.0.0.0/8', '::1/128'])
  expect(proxies('loopback, 10.0.0.2')).toEqual(['127.0.0.0/8', '::1/128', '10.0.0.2/32'])
  expect(proxies('any')).toEqual(['0.0.0.0/0', '::/0'])
})

test('booleans and choices are read in any case', () => {
  const config = readConfig({
    MAYFLY_ENHANCED_WEB_SECURITY: 'TRUE',
    MAYFLY_S3_FORCE_PATH_STYLE: 'False',
    MAYFLY_LOG_LEVEL: 'INFO',
    MAYFLY_FEATURE_PASSWORD: 'Forced',
  })

  expect(config).toMatchObject({
    enhancedWebSecurity: true,
    s3ForcePathStyle: false,
    logLevel: 'info',
    featurePassword: 'forced',
  })
})

test('the database is SQLite in the data folder, SQLite elsewhere, or PostgreSQL', () => {
  const database = (value: string) => readConfig({ MAYFLY_DATABASE_URL: value }).database

  expect(database('sqlite')).toEqual({ kind: 'sqlite', file: 'mayfly.db' })
  expect(database('sqlite:/srv/m.db')).toEqual({ kind: 'sqlite', file: '/srv/m.db' })
  expect(database('postgres://u:p@db/m')).toEqual({ kind: 'postgres', url: 'postgres://u:p@db/m' })
  expect(database('postgresql:///m?host=/run/pg')).toEqual({ kind: 'postgres', url: 'postgresql:///m?host=/run/pg' })
})

test.each([
  ['0', 0],
  ['1500', 1_500],
  ['7B', 7],
  ['10GB', 10_000_000_000],
  ['10G', 10_000_000_000],
  ['10 gb', 10_000_000_000],
  ['10GiB', 10_737_418_240],
  ['10Gi', 10_737_418_240],
  ['1.5kB', 1_500],
  ['4.35GB', 4_350_000_000],
  ['9007199254740991', 9_007_199_254_740_991],
  ['unlimited', Number.POSITIVE_INFINITY],
  ['-1', Number.POSITIVE_INFINITY],
])('the size %s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each([
  '',
  ' ',
  '10XB',
  'abc',
  '1.5.2GB',
  '1,5GB',
  '-2',
  '+1',
  '1e3',
  '0x10',
  '10GB 5MB',
  '.5GB',
  '1EB',
  '9007199254740992',
  'Infinity',
])('the size "%s" is refused', (text) => {
  expect(parseSize(text)).toBeUndefined()
})

test.each([
  ['0', 0],
  ['90', 90_000],
  ['90s', 90_000],
  ['250ms', 250],
  ['1h30m', 5_400_000],
  ['1m500ms', 60_500],
  ['12h', 43_200_000],
  ['30d', 2_592_000_000],
  ['2w', 1_209_600_000],
  ['365000d', 31_536_000_000_000],
  ['unlimited', Number.POSITIVE_INFINITY],
  ['-1', Number.POSITIVE_INFINITY],
])('the duration %s is %d milliseconds', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms)
})

test.each([
  '',
  ' ',
  'abc',
  '10XB',
  '1.5.2h',
  '1.5h',
  '1h 30m',
  '1h30',
  '30 d',
  '-2',
  '-1h',
  '1M',
  '1e3',
  '365001d',
  '99999999999999999999',
])('the duration "%s" is refused', (text) => {
  expect(parseDurationMs(text)).toBeUndefined()
})

test('a duration in seconds is whole', () => {
  expect(parseDurationSeconds('1h')).toBe(3_600)
  expect(parseDurationSeconds('2000ms')).toBe(2)
  expect(parseDurationSeconds('1500ms')).toBeUndefined()
  expect(parseDurationSeconds('-1')).toBe(Number.POSITIVE_INFINITY)
  expect(parseDurationSeconds('abc')).toBeUndefined()
})

test('docs/configuration.md is what the settings say; `node scripts/config-docs.ts` writes it', () => {
  const file = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')

  expect(file).toBe(configurationMarkdown())
})

test('the example in the documentation can be pasted', () => {
  const [, example = ''] = configurationMarkdown().split(/```\w*\n/)

  expect(readConfig(parseEnv(example))).toMatchObject({ maxFileSizeBytes: 2_000_000_000, defaultTtlSeconds: 604_800 })
})

const written = ([address, bits]: AddressRange) => `${address.toString()}/${bits}`

const contains = (ranges: AddressRange[], address: string) =>
  ipaddr.subnetMatch(ipaddr.process(address), { inside: ranges }, 'outside') === 'inside'
