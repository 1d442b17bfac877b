import { z } from 'zod'
import {
  addressRange,
  anyText,
  choice,
  database,
  flag,
  httpOrigin,
  httpUrl,
  type Kind,
  lifetime,
  listOf,
  machine,
  matching,
  pageOrigin,
  pathPrefix,
  proxyRanges,
  rateLimit,
  size,
  sizeLimit,
  timeout,
  ttl,
  ttlLimit,
  wholeNumber,
} from './setting-kinds.ts'

/** What the names of all settings start with. */
export const PREFIX = 'MAYFLY_'

/** What `docs/configuration.md` says about each setting. `fallback` is its default as text. */
export const settingDocs = z.registry<{ name: string; fallback: string; allowed: string; meaning: string }>()

function setting<T extends Kind>(name: string, kind: T, fallback: z.input<T> & string, meaning: string) {
  const schema = z.prefault(kind, fallback)
  const documented: z.ZodType = schema
  settingDocs.add(documented, { name: PREFIX + name, fallback, allowed: kind.description ?? '', meaning })
  return schema
}

const feature = choice('disabled', 'enabled', 'default', 'forced')
const toggle = choice('disabled', 'enabled')

/** Every setting there is: the key in `Config`, the variable, what it takes, its default, and a word to the admin. */
export const settingGroups = {
  Server: {
    host: setting(
      'HOST',
      matching('a host name or an address', /^[\w.:%-]+$/),
      '127.0.0.1',
      'Where the server listens. `0.0.0.0` lets other machines in, as the container does; `::` adds IPv6.',
    ),
    port: setting('PORT', wholeNumber(0, 65_535), '8080', 'Port on which the server listens; 0 takes any free one.'),
    metricsPort: setting(
      'METRICS_PORT',
      wholeNumber(0, 65_535),
      '0',
      'Port for Prometheus metrics on localhost; 0 disables it. The endpoint has no authentication.',
    ),
    dataDir: setting(
      'DATA_DIR',
      anyText,
      './data',
      'Folder for the SQLite database and the files that people upload. Back this one up.',
    ),
    workers: setting(
      'WORKERS',
      wholeNumber(1, 64),
      '1',
      'Processes that answer on the same port. More than one uses more processors; rate limits then count for each of them.',
    ),
    shutdownTimeoutMs: setting(
      'SHUTDOWN_TIMEOUT',
      timeout,
      '15s',
      'How long transfers may continue after SIGTERM before they are cut.',
    ),
    idleTimeoutMs: setting(
      'IDLE_TIMEOUT',
      timeout,
      '30s',
      'A sender that sends nothing for this long is disconnected. What it sent is deleted, unless the upload can be resumed.',
    ),
    abuseContact: setting(
      'ABUSE_CONTACT',
      anyText,
      '',
      'Mail address that the page shows to people who want to report a file.',
    ),
  },
  Addresses: {
    pathPrefix: setting(
      'PATH_PREFIX',
      pathPrefix,
      '',
      'Path under which everything is served, when the server shares its host with others.',
    ),
    replicaHost: setting(
      'REPLICA_HOST',
      machine,
      '127.0.0.1',
      'Address of this machine at which other servers on the same database reach it, when there are several machines. Streams are passed on through a port of its own there, which any of them must be able to connect to.',
    ),
    publicUrl: setting(
      'PUBLIC_URL',
      httpUrl,
      '',
      'Where people reach the server, the path prefix included. Needed behind a proxy that changes the `Host` header; otherwise links are built from the request.',
    ),
    downloadDomain: setting(
      'DOWNLOAD_DOMAIN',
      httpOrigin,
      '',
      'Second address of this server, from which alone files are served, so that what people upload never shares an origin with the page.',
    ),
    downloadDomainAliases: setting(
      'DOWNLOAD_DOMAIN_ALIAS',
      listOf(httpOrigin),
      '',
      'More addresses from which files are served when a download domain is set.',
    ),
    sourceIpHeader: setting(
      'SOURCE_IP_HEADER',
      matching('the name of a header such as `X-Forwarded-For`', /^[\w-]*$/),
      '',
      'Header in which your proxy passes on the address of the caller, such as `X-Forwarded-For`, `X-Real-IP` or `Forwarded`. In a list, the last address that is not a trusted proxy counts.',
    ),
    trustedProxies: setting(
      'TRUSTED_PROXIES',
      proxyRanges,
      'loopback',
      'Proxies whose source address header and `X-Forwarded-Proto` (or `proto` in `Forwarded`) are believed; from anybody else they are ignored.',
    ),
  },
  Limits: {
    resumeWindowMs: setting(
      'RESUME_WINDOW',
      timeout,
      '1d',
      'How long an upload that broke off can be continued; every byte that comes starts the time anew, up to seven times as long in all.',
    ),
    maxFileSizeBytes: setting('MAX_FILE_SIZE', sizeLimit, '10GB', 'Largest file that may be uploaded.'),
    maxUserSizeBytes: setting(
      'MAX_USER_SIZE',
      sizeLimit,
      'unlimited',
      'How much one user may keep here at a time. Anonymous uploads are not counted.',
    ),
    maxFilesPerUpload: setting(
      'MAX_FILES_PER_UPLOAD',
      wholeNumber(1, 10_000),
      '1000',
      'How many files one link may hold.',
    ),
    maxDeclaredFiles: setting(
      'MAX_DECLARED_FILES',
      wholeNumber(1, 1_000_000),
      '10000',
      'Files that a user, or everybody without an account at one address, may have declared and not sent yet. Beyond it uploads that declare files are answered with 429 until some are sent, removed or expired.',
    ),
    defaultTtlSeconds: setting(
      'DEFAULT_TTL',
      ttl,
      '30d',
      'How long an upload lives when nobody says otherwise; `unlimited` keeps it until it is removed.',
    ),
    maxTtlSeconds: setting(
      'MAX_TTL',
      ttlLimit,
      '30d',
      'How long an upload may live at most. The default life time must not be longer.',
    ),
    uploadWhitelist: setting(
      'UPLOAD_WHITELIST',
      listOf(addressRange),
      '',
      'Addresses from which strangers may upload; empty means from anywhere. Users who are logged in, and downloads, are not restricted.',
    ),
    uploadOrigins: setting(
      'UPLOAD_ORIGINS',
      listOf(pageOrigin),
      '',
      'Origins of other web pages that may upload without a session or token, such as `https://intranet.example.org`; `any` allows all. Empty means any as long as there is no whitelist, and with one none but the page of this server: pages that people visit must not use the right of their address.',
    ),
    rateLimitPerMinute: setting(
      'RATE_LIMIT',
      rateLimit,
      '600',
      'Uploads per minute that one address may make without logging in; beyond it the answer is 429 with `Retry-After`. Requests for something that does not exist have the same limit, logins a tenth of it, all requests together a hundred times as much. Files that are added to an upload count as requests only, static files and health checks not at all. Wrong passwords are throttled apart from this, always.',
    ),
    minFreeSpaceBytes: setting(
      'MIN_FREE_SPACE',
      size,
      '100MB',
      'Uploads are refused when less than this is free on the disk, so that the database can always write.',
    ),
  },
  Features: {
    featureAuthentication: setting(
      'FEATURE_AUTHENTICATION',
      feature,
      'disabled',
      'Users, sessions and tokens. `forced` allows no anonymous uploads.',
    ),
    featureLocalLogin: setting(
      'FEATURE_LOCAL_LOGIN',
      toggle,
      'enabled',
      'Logging in with a password that is kept here. Switch it off where everybody comes through another provider.',
    ),
    featureApiTokens: setting(
      'FEATURE_API_TOKENS',
      toggle,
      'enabled',
      'Tokens by which programs upload in the name of a user.',
    ),
    featureDeleteAccount: setting(
      'FEATURE_DELETE_ACCOUNT',
      toggle,
      'enabled',
      'Users may delete their own account, with all that they keep here.',
    ),
    featureOneShot: setting('FEATURE_ONE_SHOT', feature, 'enabled', 'Files that are gone after one download.'),
    featureRemovable: setting(
      'FEATURE_REMOVABLE',
      feature,
      'enabled',
      'Uploads from which everybody who has the link may remove files.',
    ),
    featureStream: setting(
      'FEATURE_STREAM',
      feature,
      'enabled',
      'Uploads that go straight to the person who downloads and are never stored.',
    ),
    featurePassword: setting(
      'FEATURE_PASSWORD',
      feature,
      'enabled',
      'Uploads that ask for a password. `forced` refuses uploads without one.',
    ),
    featureComments: setting('FEATURE_COMMENTS', feature, 'enabled', 'A text beside the files of an upload.'),
    featureSetTtl: setting(
      'FEATURE_SET_TTL',
      feature,
      'enabled',
      'Choosing how long an upload lives. When disabled, each gets the default life time.',
    ),
    featureExtendTtl: setting(
      'FEATURE_EXTEND_TTL',
      feature,
      'disabled',
      'Uploads whose time starts again with each visit.',
    ),
    featureRequests: setting(
      'FEATURE_REQUESTS',
      toggle,
      'enabled',
      'Links by which others add files to an upload; they need neither an account nor a place on the whitelist.',
    ),
    featureText: setting(
      'FEATURE_TEXT',
      feature,
      'enabled',
      'Pasting text into the page instead of choosing a file. Concerns the page only.',
    ),
    featureClients: setting(
      'FEATURE_CLIENTS',
      toggle,
      'enabled',
      'Told to Plik’s web page and clients as `feature_clients`. Mayfly’s own page has no such link.',
    ),
    featureGithub: setting(
      'FEATURE_GITHUB',
      toggle,
      'enabled',
      'Told to Plik’s web page and clients as `feature_github`. Mayfly’s own page has no such link.',
    ),
  },
  Accounts: {
    sessionTimeoutSeconds: setting('SESSION_TIMEOUT', lifetime, '365d', 'How long a browser stays logged in.'),
    oidcSessionTimeoutSeconds: setting(
      'OIDC_SESSION_TIMEOUT',
      lifetime,
      '1d',
      'How long a login through the provider lasts at most. Then people log in again, which the provider usually lets them do without a question, unless it has dropped them.',
    ),
    oidcIssuer: setting(
      'OIDC_ISSUER',
      matching(
        'an `https://` address such as `https://id.example.org/realms/staff`; `http://` on this machine only',
        /^(?:(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1)(?=[:/]|$))[^\s?#]*)?$/,
      ),
      '',
      'OpenID Connect provider at which people log in. Their account is made on their first time. See [accounts.md](accounts.md).',
    ),
    oidcClientId: setting('OIDC_CLIENT_ID', anyText, '', 'Name under which the provider knows this server.'),
    oidcClientSecret: setting(
      'OIDC_CLIENT_SECRET',
      anyText,
      '',
      'Secret that belongs to the client id, if there is one.',
    ),
    oidcProviderName: setting('OIDC_PROVIDER_NAME', anyText, 'OpenID', 'What the page calls the provider.'),
    oidcValidDomains: setting(
      'OIDC_VALID_DOMAINS',
      listOf(matching('a domain such as `example.org`', /^[\w.-]+$/)),
      '',
      'Domains of mail addresses whose owners may come in; empty means everybody whom the provider lets in.',
    ),
    oidcRequireVerifiedEmail: setting(
      'OIDC_REQUIRE_VERIFIED_EMAIL',
      flag,
      'true',
      'With valid domains: whether the provider must have verified the address. Some never say so; then the provider itself must see to it.',
    ),
  },
  Downloads: {
    accelRedirect: setting(
      'ACCEL_REDIRECT',
      matching('a path between slashes such as `/_mayfly/`', /^(?:(?:\/[\w~-]+)+\/)?$/),
      '',
      'Internal location of nginx that holds the stored files: nginx then sends the bytes of downloads without a limit, from 16 KiB on. Every trusted proxy must be an nginx that has this location. See [deployment.md](deployment.md#nginx-sends-the-files).',
    ),
    claimWindowMs: setting(
      'CLAIM_WINDOW',
      timeout,
      '10m',
      'How long a cancelled download of a one-shot or limited file stays reserved for the same person to resume.',
    ),
    streamTimeoutMs: setting(
      'STREAM_TIMEOUT',
      timeout,
      '5m',
      'How long a stream upload waits for somebody to download it, and how long its sender may send nothing.',
    ),
    enhancedWebSecurity: setting(
      'ENHANCED_WEB_SECURITY',
      flag,
      'false',
      'For servers that are reached over HTTPS only: cookies travel over HTTPS alone, and `/version` says less. Uploaded files are sandboxed either way.',
    ),
  },
  Images: {
    images: setting(
      'IMAGES',
      choice('on', 'off'),
      'on',
      'Images and videos lose their metadata (GPS!) when they are uploaded, and images are available in other sizes and formats. `off` stores them as they come. See [images.md](images.md).',
    ),
    imageMemoryBytes: setting(
      'PICTURE_MEMORY',
      size,
      '256MB',
      'Memory that each server process may use for the images that it works on at the same time. An image that would need more is not decoded: it loses its metadata, but is not turned upright and has no thumbnails.',
    ),
  },
  Database: {
    database: setting(
      'DATABASE_URL',
      database,
      'sqlite',
      '`sqlite` is the file `mayfly.db` in the data folder, from which relative paths start too. Several servers that work together need PostgreSQL.',
    ),
    md5: setting(
      'MD5',
      choice('plik', 'always', 'never'),
      'plik',
      'Which files get an MD5, which JSON shows as `fileMd5`: `plik` those that come as forms, as from Plik’s clients; `always` also those of `curl -T` and tus, whose large uploads then take twice the CPU; `never` none. All files have a SHA-256.',
    ),
    durability: setting(
      'DURABILITY',
      choice('full', 'process'),
      'full',
      'What a finished upload survives: `full` a power cut, `process` only a crash of the server itself, which is faster. Concerns SQLite and local files.',
    ),
  },
  Jobs: {
    backupDir: setting(
      'BACKUP_DIR',
      anyText,
      '',
      'Folder for backups of the database; empty means `backups` in the data folder. See [jobs.md](jobs.md).',
    ),
    smtpUrl: setting(
      'SMTP_URL',
      matching('`smtp://` or `smtps://`, user and password if need be, host and port', /^(smtps?:\/\/\S+)?$/),
      '',
      'Mail server by which operators of jobs are told, such as `smtps://user:password@mail.example.org`.',
    ),
    mailFrom: setting('MAIL_FROM', anyText, 'mayfly@localhost', 'Sender of those mails.'),
    webhookPrivateAddresses: setting(
      'WEBHOOK_PRIVATE_ADDRESSES',
      flag,
      'false',
      'Lets webhooks of jobs go to addresses that are not public, and without TLS.',
    ),
  },
  Storage: {
    storage: setting(
      'STORAGE',
      choice('local', 's3'),
      'local',
      'Where the bytes of files are kept: in the data folder, or in an S3-compatible object store.',
    ),
    s3Bucket: setting('S3_BUCKET', anyText, '', 'Bucket, which must exist. Required when the storage is `s3`.'),
    s3Endpoint: setting('S3_ENDPOINT', httpUrl, '', 'Address of an object store that is not Amazon’s.'),
    s3Region: setting('S3_REGION', anyText, 'us-east-1', 'Region of the bucket.'),
    s3AccessKeyId: setting(
      'S3_ACCESS_KEY_ID',
      anyText,
      '',
      'Access key. Without one, the usual places of the AWS tools are searched (`AWS_*` variables, profile, role of the machine).',
    ),
    s3SecretAccessKey: setting('S3_SECRET_ACCESS_KEY', anyText, '', 'Secret that belongs to the access key.'),
    s3Prefix: setting(
      'S3_PREFIX',
      matching('letters, digits and `/-_.`, not starting with `/`', /^(?:[\w.-][\w./-]*)?$/),
      '',
      'What each key in the bucket starts with, such as `mayfly/`, when the bucket is shared.',
    ),
    s3ForcePathStyle: setting(
      'S3_FORCE_PATH_STYLE',
      flag,
      'false',
      'Puts the bucket into the path and not into the host name, as MinIO and others need it.',
    ),
    s3Redirect: setting(
      'S3_REDIRECT',
      flag,
      'false',
      'Answers downloads that browsers save, without a limit and from 64 KiB on, with a redirect to the bucket. Clients must reach `MAYFLY_S3_ENDPOINT`. See [deployment.md](deployment.md#downloads-from-the-bucket).',
    ),
    s3TimeoutMs: setting(
      'S3_TIMEOUT',
      timeout,
      '15s',
      'An object store from which nothing comes for this long is asked again, twice; then the request fails.',
    ),
  },
  Logs: {
    logLevel: setting(
      'LOG_LEVEL',
      choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      'info',
      'The least important kind of message that is still written.',
    ),
    logFormat: setting(
      'LOG_FORMAT',
      choice('auto', 'json', 'pretty'),
      'auto',
      '`json` is one object a line, for machines; `pretty` is for people; `auto` is pretty on a terminal.',
    ),
  },
}
