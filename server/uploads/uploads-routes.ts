import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Statistics } from '../activity/statistics.ts'
import type { Config } from '../config/config.ts'
import { basicAuthorization, type CallerReader } from '../http/caller.ts'
import { acceptAnyBody, BYTES_WITH_FILES, readJson, readRequiredJson, readText } from '../http/json-body.ts'
import { fileAddresses } from '../http/links.ts'
import { acceptForms, readSingleFile } from '../http/multipart.ts'
import { LIMITED_AS_CREATE } from '../http/rate-limited.ts'
import { announcedForm } from '../http/raw-body.ts'
import { mostBytes } from './intake/announcement.ts'
import type { IncomingForm, UploadsIntake } from './intake/uploads-intake.ts'
import type { Manifests } from './manifests.ts'
import { createUploadBody, fileJson, legacyUploadJson, RenewBody, uploadJson } from './upload-shapes.ts'
import type { OpenUpload, Uploads } from './uploads.ts'

interface Dependencies {
  uploads: Uploads
  manifests: Manifests
  intake: UploadsIntake
  statistics: Pick<Statistics, 'downloadsOf'>
  readCaller: CallerReader
  config: Pick<Config, 'downloadDomain' | 'publicUrl' | 'pathPrefix' | 'streamTimeoutMs' | 'maxFilesPerUpload'>
}

interface UploadParams {
  uploadId: string
}
interface FileParams extends UploadParams {
  fileId: string
  '*': string
}

/**
 * The sender of a stream may have to wait for a reader without sending anything. The relay ends that wait with an error
 * message, so the socket must stay open longer.
 */
const STREAM_GRACE_MS = 10_000

/** Plik's routes for uploads and their files; see `downloads/downloads-routes.ts` for downloads. */
export function uploadsRoutes({ uploads, manifests, intake, statistics, readCaller, config }: Dependencies) {
  const CreateUploadBody = createUploadBody(config.maxFilesPerUpload)

  const open = async (request: FastifyRequest): Promise<OpenUpload> =>
    uploads.open((request.params as UploadParams).uploadId, await readCaller(request))

  async function openFile(request: FastifyRequest) {
    const opened = await open(request)
    const { fileId, '*': name } = request.params as FileParams
    return { opened, file: await uploads.getFile(opened, fileId, name) }
  }

  async function shown(request: FastifyRequest, opened: OpenUpload) {
    const { uploadToken } = await readCaller(request)
    const files = await uploads.listFiles(opened)
    const manifest = await manifests.find(opened.upload) // read after the files: a manifest may already name a file that has no row yet
    const ids = files.map(({ id }) => id)
    return uploadJson(opened.upload, files, {
      isAdmin: opened.isAdmin,
      token: opened.holdsToken ? uploadToken : undefined,
      ...fileAddresses(config),
      manifest,
      ...(opened.isAdmin ? { downloads: await statistics.downloadsOf([opened.upload.id], ids) } : {}),
    })
  }

  async function metadataRoutes(app: FastifyInstance): Promise<void> {
    acceptAnyBody(app)

    app.post('/upload', { config: LIMITED_AS_CREATE }, async (request, reply) => {
      const caller = await readCaller(request)
      uploads.assertMayUpload(caller)
      const { options, isLegacy } = await readJson(request, CreateUploadBody, { maxBytes: BYTES_WITH_FILES })
      const { upload, files, manifest, token } = await uploads.create(options, caller)
      const visibility = { isAdmin: true, token, manifest, ...fileAddresses(config) }
      if (upload.login !== null) reply.header('Authorization', basicAuthorization(upload.login, options.password ?? ''))
      if (isLegacy) return legacyUploadJson(upload, files, visibility)
      return uploadJson(upload, files.length === 0 ? null : files, visibility)
    })

    app.get('/upload/:uploadId', async (request) => shown(request, await open(request)))

    app.patch('/upload/:uploadId', async (request) => {
      const opened = await open(request)
      const { ttl = 0 } = await readRequiredJson(request, RenewBody)
      return shown(request, { ...opened, upload: await uploads.renew(opened, ttl) })
    })

    app.put('/upload/:uploadId/manifest', async (request) => {
      await manifests.replace(
        await open(request),
        await readText(request, { maxBytes: BYTES_WITH_FILES }),
        request.headers['if-match'],
      )
      return 'ok'
    })

    app.delete('/upload/:uploadId', async (request) => {
      await uploads.remove(await open(request))
      return 'ok'
    })

    for (const mode of ['file', 'stream']) {
      app.delete(`/${mode}/:uploadId/:fileId/*`, async (request) => {
        const { opened, file } = await openFile(request)
        await uploads.removeFile(opened, file)
        return 'ok'
      })
    }
  }

  function incomingForm(request: FastifyRequest, reply: FastifyReply, { upload }: OpenUpload): IncomingForm {
    const silenceMs = upload.stream ? config.streamTimeoutMs + STREAM_GRACE_MS : undefined
    return {
      open: () => readSingleFile(request, { silenceMs }),
      maxBytes: mostBytes(announcedForm(request)),
      sender: readCaller.sender(request, reply),
    }
  }

  async function fileRoutes(app: FastifyInstance): Promise<void> {
    await acceptForms(app)

    app.post('/file/:uploadId', async (request, reply) => {
      const opened = await open(request)
      intake.assertMayAddFiles(opened)
      await intake.assertTakes(opened.upload, announcedForm(request))
      const { open: openForm, ...rest } = incomingForm(request, reply, opened)
      return fileJson(await intake.addFile(opened, { ...(await openForm()), ...rest }))
    })

    for (const mode of ['file', 'stream']) {
      app.post(`/${mode}/:uploadId/:fileId/*`, async (request, reply) => {
        const { opened, file } = await openFile(request)
        intake.assertMayAddFiles(opened)
        await intake.assertTakes(opened.upload, announcedForm(request), file.size)
        return fileJson(await intake.fillFile(opened, file, incomingForm(request, reply, opened)))
      })
    }
  }

  return async (app: FastifyInstance): Promise<void> => {
    await app.register(metadataRoutes)
    await app.register(fileRoutes)
  }
}
