import { texts } from '../../lib/language.ts'

/** Earlier uploads from this browser. */
export const recentTexts = texts(
  {
    title: (count: number) => `Recent uploads from this browser (${count})`,
    none: 'Recent uploads are not saved in this browser',
    list: 'Recent uploads',
    text: 'This list is saved only in this browser. Anyone who uses this browser can add and delete files.',
    keyless: 'Opens only with the full link: the key is not saved here.',
    keep: 'Remember new uploads in this browser',
    clear: 'Clear the list',
    clearSure:
      'The uploads stay until they expire, and their links keep working. But they can no longer be changed or deleted from here.',
  },
  {
    title: (count: number) => `此浏览器最近的上传（${count}）`,
    none: '此浏览器不记住上传',
    list: '最近的上传',
    text: '只有此浏览器知道它们。使用此浏览器的人都可以向其中添加文件，或将其删除。',
    keyless: '只能用完整链接打开：密钥不保存在这里。',
    keep: '在此浏览器中记住新的上传',
    clear: '清空列表',
    clearSure: '这些上传会保留到期满，链接仍然有效。但之后无法再从这里更改或删除它们。',
  },
)
