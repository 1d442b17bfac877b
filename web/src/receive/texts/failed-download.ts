import { texts } from '../../lib/language.ts'

/** The page that a failed download redirects to. */
export const failedDownloadTexts = texts(
  {
    title: 'This file can’t be downloaded',
    gone: 'It has expired, was removed or already downloaded, or has not been uploaded yet.',
    locked: 'Someone else is using the last download. If they cancel, you can try again in a few minutes.',
    address: 'The link does not lead to a file.',
  },
  {
    title: '无法获取此文件',
    gone: '它可能已过期、已被移除、已被下载，或者尚未上传。',
    locked: '有人正在下载最后一份。如果对方中断，几分钟后即可重新下载。',
    address: '此链接没有指向任何文件。',
  },
)
