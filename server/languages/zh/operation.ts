import type { OPERATION_ERRORS } from '../../errors/operation.ts'
import type { Translation } from '../translator.ts'

export const OPERATION_ERRORS_ZH = {
  internal_error: '服务器出了点问题，请稍后再试',
  no_space: '服务器空间不足',
  database_unavailable: '数据库没有响应，请重试',
  database_not_ready: '数据库没有响应',
  storage_unavailable: '存储暂时不可用',
  blob_not_found: '找不到数据',
  file_too_large_for_storage: '文件对存储来说太大',
  storage_not_ready: '存储没有响应',
  page_not_built: '页面尚未构建，请运行：npm run build',
  server_stopping: '服务器正在停止',
  store_mismatch:
    '数据库与存储的文件不匹配，因此不会删除或导入任何内容；请更正设置或恢复数据库，若两者都正确，请运行 `{command}`',
  too_many_orphans:
    '存储的 {files} 个文件中有 {orphans} 个不在数据库中，超过 {percent}%，因此没有移走任何文件；请恢复正确的数据库，或运行 `{command}`',
  server_stopped: '服务器已停止。',
  backup_damaged: '{file} 不是备份，或已损坏',
  database_in_use: '数据库正在使用中',
  plik_files_missing:
    '没有导入任何内容：{looked} 个文件中有 {missing} 个不在 {place} 中，例如 {examples}；请更正 --files，若它们已丢失，请加上 --allow-missing',
  plik_database_unreadable: '无法把 {place} 当作 Plik 的数据库读取：{reason}',
  plik_tables_missing: '{place} 不是 Plik 1.3 或 1.4 的数据库：缺少表 {tables}',
} satisfies Translation<typeof OPERATION_ERRORS>
