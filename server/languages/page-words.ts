import type { AppError } from '../lib/errors.ts'
import type { Language } from './languages.ts'
import { createTranslator } from './translator.ts'
import { CHINESE } from './zh/catalogue.ts'

/**
 * Texts of the pages that work without JavaScript. Texts of the page with JavaScript are in the `texts` folders of
 * `web/src/`; sentences that both have are the same.
 */

const ENGLISH = {
  /** A language tag (BCP 47) for `lang`, `Content-Language` and `Intl`. */
  tag: 'en',
  locale: 'en-GB',
  description: 'Share files by a link. They are deleted when they expire.',
  reportAbuse: 'Report abuse',
  title: 'Share files',
  lead: 'Files are deleted when they expire.',
  drop: 'Drop files here',
  orChoose: (limit: string) => `or choose them, ${limit}`,
  upTo: (size: string) => `up to ${size} each`,
  ofAnySize: 'of any size',
  keepFor: 'Keep for',
  forever: 'Forever',
  password: 'Password',
  passwordNeeded: 'Required by this server',
  passwordNone: 'None',
  once: 'Each file can be downloaded once',
  keepPhotoData: 'Keep the metadata of photos and videos (location, camera, time)',
  upload: 'Upload',
  pasteLink: 'Were you given a link? Paste it here to see its files.',
  pasteLinkLimits: 'Links that hold a key (key=…) or an upload token are not sent: open them with JavaScript.',
  open: 'Open',
  terminal: 'From a terminal',
  orTerminal: 'or from a terminal',
  ready: (count: number): string => (count === 1 ? 'Your link is ready' : 'Your links are ready'),
  forEverything: 'For everything:',
  uploadMore: 'Upload more',
  downloadAll: 'Download all as a zip',
  filesForYou: 'Files for you',
  nothingHere: 'No files to download',
  encrypted: 'These files are encrypted. Open the whole link with JavaScript, or decrypt them with age.',
  notThere: 'not available',
  keptUntilRemoved: 'Kept until deleted.',
  passedOn: 'Streamed directly, not stored: an interrupted download can’t be resumed.',
  goneOn: (date: string) => `Expires on ${date} UTC.`,
  eachOnce: 'Each file can be downloaded once.',
  login: (name: string) => `The user name is ${name}, the password is the one you chose.`,
  lockedTitle: 'Password required',
  lockedText:
    'The sender protected these files with a password. Your browser asks for a user name and a password next: the user name is plik unless you were given another, the password is the one that the sender gave you.',
  sentence: (parts: string[]) => parts.join(' '),
  goneTitle: 'This link no longer works',
  goneText: 'It has expired, was deleted, or the address is incomplete. Ask the sender for a new one.',
  notFoundTitle: 'Page not found',
  notFoundText: 'The address may be incomplete. Ask the sender for the link again, or share files yourself.',
  refusedTitle: 'Something went wrong',
  refused: ({ message }: AppError) => message.charAt(0).toUpperCase() + message.slice(1),
  backToStart: 'Back to the start page',
}

export type PageWords = typeof ENGLISH

const translate = createTranslator(CHINESE)

const IN_CHINESE: PageWords = {
  tag: 'zh-Hans',
  locale: 'zh-CN',
  description: '用链接分享文件。时间一到，文件即逝。',
  reportAbuse: '举报滥用',
  title: '分享文件',
  lead: '时间一到，文件即逝。',
  drop: '把文件拖到这里',
  orChoose: (limit) => `或点此选择，${limit}`,
  upTo: (size) => `单个文件最大 ${size}`,
  ofAnySize: '大小不限',
  keepFor: '保留时间',
  forever: '永久',
  password: '密码',
  passwordNeeded: '本服务器要求设置密码',
  passwordNone: '无',
  once: '每个文件只能下载一次',
  keepPhotoData: '保留照片和视频的隐藏信息（地点、相机、时间）',
  upload: '上传',
  pasteLink: '收到了链接？粘贴到这里即可查看文件。',
  pasteLinkLimits: '含有密钥（key=…）或上传令牌的链接不会被发送：请启用 JavaScript 后打开。',
  open: '打开',
  terminal: '从终端',
  orTerminal: '或从终端上传',
  ready: () => '链接已就绪',
  forEverything: '全部文件：',
  uploadMore: '继续上传',
  downloadAll: '打包下载全部文件',
  filesForYou: '给你的文件',
  nothingHere: '这里没有可取的文件',
  encrypted: '这些文件已加密。请启用 JavaScript 后打开完整链接，或用 age 解密。',
  notThere: '无法获取',
  keptUntilRemoved: '保留至手动删除。',
  passedOn: '直接转发，不存储：下载中断后无法续传。',
  goneOn: (date) => `将于 ${date}（UTC）消失。`,
  eachOnce: '每个文件只能下载一次。',
  login: (name) => `用户名是 ${name}，密码是你设置的密码。`,
  lockedTitle: '请输入密码',
  lockedText:
    '发送者为这些文件设置了密码。接下来浏览器会询问用户名和密码：如果对方没有另外告知，用户名是 plik；密码由发送者告诉你。',
  sentence: (parts) => parts.join(''),
  goneTitle: '这个链接已失效',
  goneText: '它已到期、被删除，或者地址不完整。请向发送者索取新的链接。',
  notFoundTitle: '这里什么也没有',
  notFoundText: '地址可能不完整。请重新索取链接，或者自己分享文件。',
  refusedTitle: '未能完成',
  refused: ({ id, parameters, message }) => translate(id, parameters) ?? message,
  backToStart: '返回首页',
}

export const PAGE_WORDS: Readonly<Record<Language, PageWords>> = { en: ENGLISH, zh: IN_CHINESE }
