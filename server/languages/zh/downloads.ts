import type { DOWNLOAD_ERRORS } from '../../errors/downloads.ts'
import type { Translation } from '../translator.ts'

export const DOWNLOAD_ERRORS_ZH = {
  file_being_downloaded: '有人正在下载此文件，之后它可能就没有了',
  no_preview: '此链接可打开的次数有限，因此没有预览',
  file_coming_in: '文件仍在上传，请稍后再试',
  precondition_failed: '文件已不是所请求的那一个',
  file_lost: '服务器丢失了此文件的内容，无法再下载',
  archive_files_lost: '服务器丢失了其中 {count} 个文件的内容；在地址后加 ?rest=true 可下载其余文件的压缩包',
  archive_lost: '服务器丢失了这些文件的全部内容',
  range_outside_file: '所请求的范围超出了 {size} 字节',
  reader_gone: '下载方已断开',
  archive_of_stream: '直接转发不能打包下载',
  archive_empty: '没有可打包的文件',
  archive_name_invalid: '压缩包名称必须以 .zip 结尾',
  archive_name_too_long: '压缩包名称太长，最多 {max} 个字符',
  stream_without_reader: '规定时间内没有人来下载',
  stream_reader_gone: '下载方在结束前断开了',
  sender_gone: '发送方已断开',
  stream_cancelled: '直接转发已取消',
  stream_server_unavailable: '连接着发送方的服务器没有响应',
} satisfies Translation<typeof DOWNLOAD_ERRORS>
