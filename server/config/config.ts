import { closest, distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { PREFIX, settingDocs, settingGroups } from './settings.ts'

const Fields = z.object({
  ...settingGroups.Server,
  ...settingGroups.Addresses,
  ...settingGroups.Limits,
  ...settingGroups.Features,
  ...settingGroups.Accounts,
  ...settingGroups.Downloads,
  ...settingGroups.Images,
  ...settingGroups.Database,
  ...settingGroups.Jobs,
  ...settingGroups.Storage,
  ...settingGroups.Logs,
})

/** The settings of the program. `Infinity` means no limit, `''` means not set. */
export type Config = Readonly<z.output<typeof Fields>>

/**
 * Rules between settings run even if other settings are invalid, so that all problems are reported at once; an invalid
 * value breaks no rule.
 */
const always = () => true
const Settings = Fields.refine((config) => !(config.defaultTtlSeconds > config.maxTtlSeconds), {
  path: ['defaultTtlSeconds'],
  error: 'is longer than MAYFLY_MAX_TTL; set both (each is 30d when not set)',
  when: always,
})
  .refine((config) => config.storage !== 's3' || config.s3Bucket !== '', {
    path: ['s3Bucket'],
    error: 'is required when MAYFLY_STORAGE is s3',
    when: always,
  })
  .refine((config) => config.storage === 'local' || config.accelRedirect === '', {
    path: ['accelRedirect'],
    error: 'needs files in a folder: MAYFLY_STORAGE must be local',
    when: always,
  })
  .refine((config) => (config.s3AccessKeyId === '') === (config.s3SecretAccessKey === ''), {
    path: ['s3SecretAccessKey'],
    error: 'is needed together with MAYFLY_S3_ACCESS_KEY_ID; set both or neither',
    when: always,
  })
  .refine((config) => config.oidcIssuer === '' || config.oidcClientId !== '', {
    path: ['oidcClientId'],
    error: 'is required when MAYFLY_OIDC_ISSUER is set',
    when: always,
  })
  .refine((config) => config.oidcIssuer === '' || config.publicUrl !== '', {
    path: ['publicUrl'],
    error: 'is required when MAYFLY_OIDC_ISSUER is set: the provider redirects users to it',
    when: always,
  })

const keyOf = new Map(Object.entries(Fields.shape).map(([key, schema]) => [settingDocs.get(schema)?.name ?? '', key]))
const nameOf = new Map([...keyOf].map(([name, key]) => [key, name]))

/** Throws one error that names every invalid setting, and never repeats a secret. Called once, by `main.ts`. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.entries(environment)
    .map(([name, value = '']) => ({ name, value: value.trim() }))
    .filter(({ name, value }) => name.startsWith(PREFIX) && value !== '')
  const known = given.flatMap(({ name, value }) => (keyOf.has(name) ? [[keyOf.get(name), value]] : []))
  const unknown = given
    .filter(({ name }) => !keyOf.has(name))
    .map(({ name }) => `${name}: unknown setting${hint(name)}`)

  const { success, data, error } = Settings.safeParse(Object.fromEntries(known))
  if (success && unknown.length === 0) return data
  const invalid = error?.issues.map(({ path, message }) => `${nameOf.get(String(path[0]))}: ${message}`) ?? []
  throw new Error(['Invalid settings', ...invalid, ...unknown].join('\n'))
}

function hint(name: string): string {
  const nearest = closest(name, [...keyOf.keys()])
  const isClose = distance(name, nearest) <= (name.length - PREFIX.length) / 3
  return isClose ? `, did you mean ${nearest}?` : ''
}
