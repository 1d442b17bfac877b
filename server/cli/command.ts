import { InvalidArgumentError } from 'commander'
import type { AccountRemoval } from '../accounts/account-removal.ts'
import type { Tokens } from '../accounts/tokens.ts'
import type { Users } from '../accounts/users.ts'
import type { Config } from '../config/config.ts'
import type { Backups } from '../database/backup.ts'
import type { DatabaseLocation } from '../database/open-database.ts'
import type { JobEngine } from '../jobs/job-engine.ts'
import type { Maintenance } from '../jobs/maintenance.ts'
import type { PlikImport } from '../plik/plik-import.ts'
import type { StoreOwnership } from '../uploads/store-ownership.ts'
import type { Uploads } from '../uploads/uploads.ts'
import type { UploadsListing } from '../uploads/uploads-listing.ts'
import type { Identity } from './data-owner.ts'

/** The result of a command. */
export interface Answer {
  /** For `--json`. */
  json: unknown
  text: string
  /** Exit code of the process; the default is 0. */
  exitCode?: number
}

/** What commands need before anything is opened. */
export interface Place {
  config: Config
  location: DatabaseLocation
  identity: Identity
}

/** The services of the server, with its settings. */
export interface Services extends Place {
  users: Users
  tokens: Tokens
  removal: AccountRemoval
  uploads: Uploads
  listing: UploadsListing
  maintenance: Maintenance
  storeOwnership: StoreOwnership
  jobEngine: JobEngine
  plikImport: PlikImport
  backups: Backups
  /** The base URL of downloads, without a trailing slash. */
  baseUrl: string
}

/** Called by commander with arguments, options and the command. `never`: each command declares their types. */
type Work<On> = (on: On, ...given: never[]) => Promise<Answer>
type Action = (...given: unknown[]) => Promise<void>

/** Creates actions, which open what a command needs, and print its result. */
export interface Runner {
  withServices(work: Work<Services>): Action
  withPlace(work: Work<Place>): Action
}

/** The location of a database, without passwords. */
export function databaseText(location: DatabaseLocation): string {
  if (location.kind === 'sqlite') return location.file
  const { host, pathname } = new URL(location.url)
  return `PostgreSQL ${host}${pathname}`
}

/** Parses the value of an option; `allowed` describes the allowed values in errors. */
export function read<T>(parse: (text: string) => T | undefined, allowed: string): (text: string) => T {
  return (text) => {
    const value = parse(text)
    if (value === undefined) throw new InvalidArgumentError(`Allowed is ${allowed}.`)
    return value
  }
}

/** Boolean flags may be written `--admin=false`, as in Go. */
export const yesOrNo = read((text) => (text === 'true' ? true : text === 'false' ? false : undefined), 'true or false')

export const wholeNumber = (min: number, max: number) =>
  read((text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : -1
    return number >= min && number <= max ? number : undefined
  }, `a whole number from ${min} to ${max}`)
