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

/** The prefix of all setting names. */
export const PREFIX = 'MAYFLY_'

/** The documentation of each setting in `docs/configuration.md`. `fallback` is its default as text. */
export const settingDocs = z.registry<{ name: string; fallback: string; allowed: string; meaning: string }>()

function setting<T extends Kind>(name: string, kind: T, fallback: z.input<T> & string, meaning: string) {
  const schema = z.prefault(kind, fallback)
  const documented: z.ZodType = schema
  settingDocs.add(documented, { name: PREFIX + name, fallback, allowed: kind.description ?? '', meaning })
  return schema
}

const feature = choice('disabled', 'enabled', 'default', 'forced')
const toggle = choice('disabled', 'enabled')

/** All settings: the key in `Config`, the variable, its type, its default, and its description. */
export const settingGroups = {
  Server: {
    host: setting(
      'HOST',
      matching('a host name or an address', /^[\w.:%-]+$/),
      '127.0.0.1',
      'Address on which the server listens. With `0.0.0.0`, the default in the container, other machines can connect; `::` adds IPv6.',
    ),
    port: setting('PORT', wholeNumber(0, 65_535), '8080', 'Port on which the server listens; 0 chooses a free one.'),
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
      'Number of server processes on the same port. Several processes use several processors; each then has its own rate limits.',
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
      'Path under which everything is served, if the server shares its host name with other services.',
    ),
    replicaHost: setting(
      'REPLICA_HOST',
      machine,
      '127.0.0.1',
      'Address at which other servers on the same database reach this machine, if there are several machines. Streams between them use a separate random port at this address, which all of them must be able to connect to.',
    ),
    publicUrl: setting(
      'PUBLIC_URL',
      httpUrl,
      '',
      'Public address of the server, including the path prefix. Needed behind a proxy that changes the `Host` header; without it links are built from the request.',
    ),
    downloadDomain: setting(
      'DOWNLOAD_DOMAIN',
      httpOrigin,
      '',
      'Second address of this server for files only: they are then served from no other address, so that uploaded content never shares an origin with the page.',
    ),
    downloadDomainAliases: setting(
      'DOWNLOAD_DOMAIN_ALIAS',
      listOf(httpOrigin),
      '',
      'Further addresses from which files are served if a download domain is set.',
    ),
    sourceIpHeader: setting(
      'SOURCE_IP_HEADER',
      matching('the name of a header such as `X-Forwarded-For`', /^[\w-]*$/),
      '',
      'Header in which your proxy sends the address of the client, such as `X-Forwarded-For`, `X-Real-IP` or `Forwarded`. In a list, the last address that is not a trusted proxy is used.',
    ),
    trustedProxies: setting(
      'TRUSTED_PROXIES',
      proxyRanges,
      'loopback',
      'Proxies whose source address header and `X-Forwarded-Proto` (or `proto` in `Forwarded`) are trusted; from other clients these headers are ignored.',
    ),
  },
  Limits: {
    resumeWindowMs: setting(
      'RESUME_WINDOW',
      timeout,
      '1d',
      'How long an interrupted upload can be resumed. Each received byte restarts this time, up to seven times as long in total.',
    ),
    maxFileSizeBytes: setting('MAX_FILE_SIZE', sizeLimit, '10GB', 'Largest file that may be uploaded.'),
    maxUserSizeBytes: setting(
      'MAX_USER_SIZE',
      sizeLimit,
      'unlimited',
      'Total size of the files that one user may store. Anonymous uploads are not counted.',
    ),
    maxFilesPerUpload: setting(
      'MAX_FILES_PER_UPLOAD',
      wholeNumber(1, 10_000),
      '1000',
      'Maximum number of files in one upload.',
    ),
    maxDeclaredFiles: setting(
      'MAX_DECLARED_FILES',
      wholeNumber(1, 1_000_000),
      '10000',
      'Number of files that a user, or all anonymous clients at one address together, may have declared but not sent yet. Beyond it, uploads that declare files get 429 until some are sent, removed or expired.',
    ),
    defaultTtlSeconds: setting(
      'DEFAULT_TTL',
      ttl,
      '30d',
      'Lifetime of an upload whose sender chooses none; `unlimited` keeps it until it is removed.',
    ),
    maxTtlSeconds: setting(
      'MAX_TTL',
      ttlLimit,
      '30d',
      'Maximum lifetime of an upload. The default lifetime must not be longer.',
    ),
    uploadWhitelist: setting(
      'UPLOAD_WHITELIST',
      listOf(addressRange),
      '',
      'Addresses from which anonymous clients may upload; empty means all. Logged-in users and downloads are not restricted.',
    ),
    uploadOrigins: setting(
      'UPLOAD_ORIGINS',
      listOf(pageOrigin),
      '',
      'Origins of other web pages that may upload without a session or token, such as `https://intranet.example.org`; `any` allows all. Empty means any if there is no whitelist; with one, only the page of this server, because any other page could use the right of its visitor’s address.',
    ),
    rateLimitPerMinute: setting(
      'RATE_LIMIT',
      rateLimit,
      '600',
      'Anonymous uploads per minute from one address; beyond it the response is 429 with `Retry-After`. Requests for something that does not exist have the same limit, logins a tenth of it, all requests together a hundred times as much. Adding a file to an existing upload counts only as a request; static files and health checks are not counted. Wrong passwords are always throttled separately.',
    ),
    minFreeSpaceBytes: setting(
      'MIN_FREE_SPACE',
      size,
      '100MB',
      'Uploads are rejected if less than this is free on the disk, so that the database can always write.',
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
      'Logging in with a password of this server. Disable it if all users log in through another provider.',
    ),
    featureApiTokens: setting('FEATURE_API_TOKENS', toggle, 'enabled', 'Tokens with which programs upload for a user.'),
    featureDeleteAccount: setting(
      'FEATURE_DELETE_ACCOUNT',
      toggle,
      'enabled',
      'Users may delete their own account with all their uploads.',
    ),
    featureOneShot: setting('FEATURE_ONE_SHOT', feature, 'enabled', 'Files that are deleted after one download.'),
    featureRemovable: setting(
      'FEATURE_REMOVABLE',
      feature,
      'enabled',
      'Uploads from which anyone with the link may remove files.',
    ),
    featureStream: setting(
      'FEATURE_STREAM',
      feature,
      'enabled',
      'Uploads that are streamed directly to the recipient and never stored.',
    ),
    featurePassword: setting(
      'FEATURE_PASSWORD',
      feature,
      'enabled',
      'Uploads with a password. `forced` rejects uploads without one.',
    ),
    featureComments: setting(
      'FEATURE_COMMENTS',
      feature,
      'enabled',
      'A text that is shown with the files of an upload.',
    ),
    featureSetTtl: setting(
      'FEATURE_SET_TTL',
      feature,
      'enabled',
      'Choosing the lifetime of an upload. If disabled, each has the default lifetime.',
    ),
    featureExtendTtl: setting(
      'FEATURE_EXTEND_TTL',
      feature,
      'disabled',
      'Uploads whose lifetime restarts with each access.',
    ),
    featureRequests: setting(
      'FEATURE_REQUESTS',
      toggle,
      'enabled',
      'Links with which others add files to an upload; they need neither an account nor a whitelisted address.',
    ),
    featureText: setting(
      'FEATURE_TEXT',
      feature,
      'enabled',
      'Pasting text into the page instead of choosing a file. Affects the page only.',
    ),
    featureClients: setting(
      'FEATURE_CLIENTS',
      toggle,
      'enabled',
      'Reported to Plik’s web page and clients as `feature_clients`. Mayfly’s own page has no such link.',
    ),
    featureGithub: setting(
      'FEATURE_GITHUB',
      toggle,
      'enabled',
      'Reported to Plik’s web page and clients as `feature_github`. Mayfly’s own page has no such link.',
    ),
  },
  Accounts: {
    sessionTimeoutSeconds: setting('SESSION_TIMEOUT', lifetime, '365d', 'How long a browser stays logged in.'),
    oidcSessionTimeoutSeconds: setting(
      'OIDC_SESSION_TIMEOUT',
      lifetime,
      '1d',
      'Maximum duration of a login through the provider. After it users log in again, usually without being asked by the provider unless it has blocked them.',
    ),
    oidcIssuer: setting(
      'OIDC_ISSUER',
      matching(
        'an `https://` address such as `https://id.example.org/realms/staff`; `http://` on this machine only',
        /^(?:(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1)(?=[:/]|$))[^\s?#]*)?$/,
      ),
      '',
      'OpenID Connect provider at which users log in. An account is created at the first login. See [accounts.md](accounts.md).',
    ),
    oidcClientId: setting('OIDC_CLIENT_ID', anyText, '', 'Client id of this server at the provider.'),
    oidcClientSecret: setting('OIDC_CLIENT_SECRET', anyText, '', 'Secret of the client id, if it has one.'),
    oidcProviderName: setting('OIDC_PROVIDER_NAME', anyText, 'OpenID', 'Name of the provider on the page.'),
    oidcValidDomains: setting(
      'OIDC_VALID_DOMAINS',
      listOf(matching('a domain such as `example.org`', /^[\w.-]+$/)),
      '',
      'Domains of mail addresses whose owners may log in; empty means all users of the provider.',
    ),
    oidcRequireVerifiedEmail: setting(
      'OIDC_REQUIRE_VERIFIED_EMAIL',
      flag,
      'true',
      'With valid domains: whether the provider must report the address as verified. Disable it only for a provider that never reports this but verifies addresses itself.',
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
      'How long a stream waits for a download, and how long its sender may send nothing.',
    ),
    enhancedWebSecurity: setting(
      'ENHANCED_WEB_SECURITY',
      flag,
      'false',
      'For servers that are used over HTTPS only: cookies are sent over HTTPS only, and `/version` returns less. Uploaded files are sandboxed in any case.',
    ),
  },
  Images: {
    images: setting(
      'IMAGES',
      choice('on', 'off'),
      'on',
      'Removes metadata such as GPS positions from uploaded images and videos, and offers images in other sizes and formats. `off` stores them unchanged. See [images.md](images.md).',
    ),
    imageMemoryBytes: setting(
      'PICTURE_MEMORY',
      size,
      '256MB',
      'Memory that each server process may use for processing images. An image that would need more is not decoded: its metadata is removed, but it is not turned upright and has no thumbnails.',
    ),
  },
  Database: {
    database: setting(
      'DATABASE_URL',
      database,
      'sqlite',
      '`sqlite` is the file `mayfly.db` in the data folder; relative paths are relative to that folder. Several servers that share a database need PostgreSQL.',
    ),
    md5: setting(
      'MD5',
      choice('plik', 'always', 'never'),
      'plik',
      'Which files get an MD5 (`fileMd5` in JSON): `plik` files uploaded as forms, as Plik’s clients do; `always` also those uploaded by `curl -T` and tus, which doubles the CPU time of large uploads; `never` none. All files have a SHA-256.',
    ),
    durability: setting(
      'DURABILITY',
      choice('full', 'process'),
      'full',
      'What a finished upload survives: `full` a power failure, `process` only a crash of the server process, which is faster. Affects SQLite and local files.',
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
      'Mail server for notifications to operators of jobs, such as `smtps://user:password@mail.example.org`.',
    ),
    mailFrom: setting('MAIL_FROM', anyText, 'mayfly@localhost', 'Sender address of these mails.'),
    webhookPrivateAddresses: setting(
      'WEBHOOK_PRIVATE_ADDRESSES',
      flag,
      'false',
      'Allows webhooks of jobs to use addresses that are not public, and HTTP without TLS.',
    ),
  },
  Storage: {
    storage: setting(
      'STORAGE',
      choice('local', 's3'),
      'local',
      'Where files are stored: in the data folder, or in an S3-compatible object store.',
    ),
    s3Bucket: setting('S3_BUCKET', anyText, '', 'Bucket, which must exist. Required when the storage is `s3`.'),
    s3Endpoint: setting('S3_ENDPOINT', httpUrl, '', 'Address of an object store other than Amazon S3.'),
    s3Region: setting('S3_REGION', anyText, 'us-east-1', 'Region of the bucket.'),
    s3AccessKeyId: setting(
      'S3_ACCESS_KEY_ID',
      anyText,
      '',
      'Access key. Without one, the standard sources of the AWS tools are used (`AWS_*` variables, profile, instance role).',
    ),
    s3SecretAccessKey: setting('S3_SECRET_ACCESS_KEY', anyText, '', 'Secret of the access key.'),
    s3Prefix: setting(
      'S3_PREFIX',
      matching('letters, digits and `/-_.`, not starting with `/`', /^(?:[\w.-][\w./-]*)?$/),
      '',
      'Prefix of all keys in the bucket, such as `mayfly/`, for a shared bucket.',
    ),
    s3ForcePathStyle: setting(
      'S3_FORCE_PATH_STYLE',
      flag,
      'false',
      'Puts the bucket name into the path instead of the host name, which MinIO and others need.',
    ),
    s3Redirect: setting(
      'S3_REDIRECT',
      flag,
      'false',
      'Redirects downloads that browsers save to the bucket, for files without a download limit from 64 KiB on. Clients must reach `MAYFLY_S3_ENDPOINT`. See [deployment.md](deployment.md#downloads-from-the-bucket).',
    ),
    s3TimeoutMs: setting(
      'S3_TIMEOUT',
      timeout,
      '15s',
      'If the object store sends nothing for this long, the request is retried twice and then fails.',
    ),
  },
  Logs: {
    logLevel: setting(
      'LOG_LEVEL',
      choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      'info',
      'Minimum level of messages that are logged.',
    ),
    logFormat: setting(
      'LOG_FORMAT',
      choice('auto', 'json', 'pretty'),
      'auto',
      '`json` is one object per line, for machines; `pretty` is for people; `auto` is pretty on a terminal.',
    ),
  },
}
