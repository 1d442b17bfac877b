import type { FILE_REQUEST_ERRORS } from '../../errors/file-requests.ts'
import type { Translation } from '../translator.ts'

export const FILE_REQUEST_ERRORS_ZH = {
  file_requests_disabled: '此服务器不提供文件收集',
  file_request_for_stream: '直接转发不能用于收集文件',
  file_request_ttl_invalid: '时间无效（0 表示与上传相同，最长 {max} 秒）',
  file_request_limit_invalid: '{field}无效（至少为 1；0 表示不限）',
  too_many_file_requests: '此上传的收集链接已达上限：{max} 个',
  manage_file_requests_forbidden: '你不能管理此上传的收集链接',
  file_request_token_unknown: '找不到此收集链接',
  file_request_not_found: '找不到收集链接 {id}',
  file_request_revoked: '此收集链接已被撤回',
  file_request_expired: '此收集链接已过期',
  file_request_full: '此收集链接已收满',
  too_many_unfinished_parts: '此收集链接未完成的分块太多，最多 {max} 个',
  file_request_upload_expired: '此收集链接所属的上传已过期',
  file_request_upload_removed: '此收集链接所属的上传已被移除',
  file_too_large_for_request: '文件太大（此收集链接还能接收 {left:size}）',
  file_request_space_exceeded: '文件太大（超出此收集链接的剩余容量）',
  file_request_token_missing: '缺少 X-RequestToken 标头',
  file_request_address_wrong: '收集的文件应发送到 /request/，末尾带斜杠',
} satisfies Translation<typeof FILE_REQUEST_ERRORS>
