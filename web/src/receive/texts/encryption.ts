import { texts } from '../../lib/language.ts'

/** Of encrypted uploads: what is known of them, and what does not fit. */
export const encryptionTexts = texts(
  {
    checking: 'Looking at what the server holds…',
    verified:
      'End-to-end encrypted: what the server holds was read again. Names, sizes and order are the sender’s, and each file begins as it should; the rest is checked while it is fetched.',
    incomplete: (count: number) =>
      count === 1
        ? 'End-to-end encrypted. One more file that the sender listed is not on the server, or not yet.'
        : `End-to-end encrypted. ${count} more files that the sender listed are not on the server, or not yet.`,
    listed:
      'Encrypted in the browser. The files were not read again, since that would use up a download. Names, sizes and order are the sender’s; contents are checked while they are fetched.',
    unlisted:
      'Encrypted: every file opens with this key. But it was made elsewhere or by an older version, and nothing says which content belongs to which name.',
    unread: 'Encrypted in the browser. The files were not read again, since that would use up a download.',
    unreachable:
      'Encrypted in the browser. The files could not be read again just now, so nothing more is known about them.',
    refuted: (names: string) =>
      `Do not trust this link. The server holds something else than the sender shared: ${names}`,
    keyMissing: 'The key is missing',
    keyMissingText:
      'These files are encrypted, and this address does not hold the key. It is at the end of the whole link.',
    keyWrong: 'The key is wrong',
    keyCut: 'The key is cut off',
    keyText: 'These files are encrypted. The key is at the end of the whole link.',
    key: 'Key, or the whole link',
    wrongKey: 'This key does not open these files.',
    cutKey: (length: number, whole: number) =>
      `This key is only the beginning of one: ${length} of ${whole} characters. Copy the whole link again.`,
    refusedTitle: 'Do not trust this link',
    plain:
      'The link is for encrypted files, but the server says that they are not encrypted. So nothing of them is shown, and nothing is sent.',
    missingManifest:
      'The server does not hand out the list in which the sender sealed what is here, so names and contents could have been exchanged.',
    changed: 'The key fits, but something that the sender sealed was changed on the server.',
    older:
      'The server shows an older state of these files than this tab has seen before: what was deleted since may be back.',
  },
  {
    checking: '正在核对服务器上的内容…',
    verified:
      '端到端加密：已重新读取服务器上的内容。文件名、大小和顺序与发送者所列一致，每个文件的开头也相符；其余内容在下载时核对。',
    incomplete: (count: number) => `端到端加密。发送者所列的文件中，还有 ${count} 个不在服务器上，或尚未到达。`,
    listed:
      '已在浏览器中加密。为免消耗下载次数，未重新读取文件。文件名、大小和顺序与发送者所列一致，内容在下载时核对。',
    unlisted: '已加密：每个文件都能用此密钥打开。但它由其他程序或旧版本创建，无法核对内容与文件名是否对应。',
    unread: '已在浏览器中加密。为免消耗下载次数，未重新读取文件。',
    unreachable: '已在浏览器中加密。暂时无法重新读取文件，因此还不能核对。',
    refuted: (names: string) => `请勿信任此链接。服务器上的内容与发送者分享的不同：${names}`,
    keyMissing: '缺少密钥',
    keyMissingText: '这些文件已加密，而此地址不含密钥。密钥在完整链接的末尾。',
    keyWrong: '密钥不正确',
    keyCut: '密钥不完整',
    keyText: '这些文件已加密。密钥在完整链接的末尾。',
    key: '密钥或完整链接',
    wrongKey: '此密钥无法打开这些文件。',
    cutKey: (length: number, whole: number) =>
      `这只是密钥的开头：共 ${whole} 个字符，只有 ${length} 个。请重新复制完整链接。`,
    refusedTitle: '请勿信任此链接',
    plain: '此链接指向加密文件，但服务器称它们未加密。因此不显示任何内容，也不发送任何内容。',
    missingManifest: '服务器没有给出发送者密封的文件清单，文件名和内容可能已被调换。',
    changed: '密钥相符，但发送者密封的内容在服务器上被改动了。',
    older: '服务器显示的状态比此标签页之前见过的更旧：之后删除的文件可能又出现了。',
  },
)
