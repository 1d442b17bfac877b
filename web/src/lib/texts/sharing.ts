import { texts } from '../language.ts'

/** Sharing a link. */
export const sharingTexts = texts(
  {
    readyTitle: 'Your link is ready',
    readyText: 'Anyone with the link can download the files.',
    readyEncryptedText: 'The link contains the key: only people with the link can open the files.',
    passedOnTitle: 'All files have been downloaded',
    passedOnText: 'They were streamed, not stored, so the link has nothing left to download.',
    link: 'Link',
    copyLink: 'Copy the link',
    shareLink: 'Share…',
    qrCode: 'QR code',
    qrAlt: 'QR code of the link',
    more: 'More ways to share',
    curl: 'Download from a terminal',
    adminLink: 'Admin link: lets you add and delete files later. Keep it private.',
    shareText: 'I have files for you:',
    shareFailed: 'This device could not share the link. Copy it instead.',
  },
  {
    readyTitle: '链接已就绪',
    readyText: '拿到链接的人都可以下载。',
    readyEncryptedText: '链接中含有密钥：有链接的人才能打开文件。',
    passedOnTitle: '全部已转发',
    passedOnText: '服务器没有存储任何内容，链接已无内容可取。',
    link: '链接',
    copyLink: '复制链接',
    shareLink: '分享…',
    qrCode: '二维码',
    qrAlt: '链接的二维码',
    more: '更多分享方式',
    curl: '从终端下载',
    adminLink: '管理链接：用于之后添加或删除文件，请勿外传。',
    shareText: '有文件给你：',
    shareFailed: '此设备无法分享，请改为复制链接。',
  },
)
