import type { Clock } from '../lib/clock.ts'
import type { Page, Paging } from '../lib/paging.ts'
import type { ListedUpload, Totals, UploadFilter, UploadSort } from './listing.ts'
import type { UploadsListingRepo } from './uploads-listing-repo.ts'

interface Dependencies {
  repo: UploadsListingRepo
  clock: Clock
}

export type UploadsListing = ReturnType<typeof createUploadsListing>

/** Lists uploads page by page. Permissions are checked by the routes. */
export function createUploadsListing({ repo, clock }: Dependencies) {
  async function list(filter: UploadFilter, paging: Paging<UploadSort>): Promise<Page<ListedUpload>> {
    const { results, ...page } = await repo.listUploads(filter, paging, clock())
    const files = await repo.listFilesOf(results.map(({ id }) => id))
    return { ...page, results: results.map((upload) => ({ upload, files: files.get(upload.id) ?? [] })) }
  }

  const totals = (filter: UploadFilter): Promise<Totals> => repo.totals(filter, clock())

  return { list, totals }
}
