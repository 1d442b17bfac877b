import { texts } from '../../lib/language.ts'

/** What was sent from this browser before. */
export const recentTexts = texts(
  {
    title: (count: number) => `Recent uploads from this browser (${count})`,
    none: 'Uploads are not remembered in this browser',
    list: 'Recent uploads',
    text: 'Only this browser knows them. Whoever uses it can add files to them, and delete them.',
    keyless: 'Opens with the whole link only: the key is not kept here.',
    keep: 'Remember new uploads in this browser',
    clear: 'Clear the list',
    clearSure:
      'The uploads stay until their time is up, and their links keep working. But nobody can change or delete them from here any more.',
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
