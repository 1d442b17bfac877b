import { texts } from '../../lib/language.ts'

/** Encrypted uploads: results of the checks, keys, and errors. */
export const encryptionTexts = texts(
  {
    checking: 'Checking the files on the server…',
    verified:
      'End-to-end encrypted and checked: names, sizes, order and the beginning of each file match what the sender shared. The rest is checked during the download.',
    incomplete: (count: number) =>
      count === 1
        ? 'End-to-end encrypted. One more file listed by the sender is not on the server, or not yet.'
        : `End-to-end encrypted. ${count} more files listed by the sender are not on the server, or not yet.`,
    listed:
      'Encrypted in the browser. Names, sizes and order match what the sender shared. The contents are checked only during the download, because reading them now would use up a download.',
    unlisted:
      'Encrypted: this key opens every file. But another program or an older version created the upload, so the page can’t check which content belongs to which name.',
    unread: 'Encrypted in the browser. The files were not checked, because reading them would use up a download.',
    unreachable: 'Encrypted in the browser. The files could not be read just now, so they have not been checked.',
    refuted: (names: string) =>
      `Do not trust this link. The files on the server differ from what the sender shared: ${names}`,
    keyMissing: 'The key is missing',
    keyMissingText:
      'These files are encrypted, and this address does not contain the key. It is at the end of the full link.',
    keyWrong: 'The key is wrong',
    keyCut: 'The key is incomplete',
    keyText: 'These files are encrypted. The key is at the end of the full link.',
    key: 'Key, or the full link',
    wrongKey: 'This key does not open these files.',
    cutKey: (length: number, whole: number) =>
      `This key is incomplete: it has ${length} of ${whole} characters. Copy the full link again.`,
    refusedTitle: 'Do not trust this link',
    plain:
      'The link is for encrypted files, but the server reports that they are not encrypted. No files are shown, and nothing is sent.',
    missingManifest:
      'The server did not return the sender’s encrypted list of files, so names and contents could have been swapped.',
    changed: 'The key is correct, but data that the sender encrypted was changed on the server.',
    older:
      'The server returned an older state of these files than this tab has seen before: files deleted since then may be back.',
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
