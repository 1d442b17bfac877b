/** Sentences of the job history, and names and descriptions of the shipped jobs. */
export const HISTORY = {
  '{reason}The last step to run was step {step} ({name}).': '{reason}最后运行的是步骤 {step} ({name})。',
  'The job succeeded.': '作业成功。',
  'The job failed.': '作业失败。',
  'The job was running already.': '作业已在运行。',
  'The job has no step {step}.': '作业没有步骤 {step}。',
  'The server {replica} died.': '服务器 {replica} 已中断。',
  'The step took longer than {seconds} s.': '步骤用时超过 {seconds} 秒。',
  'The steps go round in circles.': '步骤在循环执行。',
  '{expired} uploads expired, {claims} claims expired.': '{expired} 个上传过期，{claims} 个下载占用失效。',
  '{files} files deleted, {bytes} bytes freed.': '删除了 {files} 个文件，释放 {bytes} 字节。',
  '{uploads} uploads deleted.': '删除了 {uploads} 个上传。',
  '{files} files abandoned, {unfinished} unfinished writes deleted.':
    '{files} 个文件被放弃，删除了 {unfinished} 个未完成的写入。',
  '{found} orphans moved to quarantine, {restored} restored, {blobs} deleted ({bytes} bytes).':
    '{found} 份无主数据移入隔离区，恢复 {restored} 份，删除 {blobs} 份（{bytes} 字节）。',
  '{checked} files checked: {missing} without their bytes, {size} of the wrong size, {healed} healed; {images} derived pictures forgotten.':
    '检查了 {checked} 个文件：{missing} 个缺少数据，{size} 个大小不符，{healed} 个已恢复；移除了 {images} 张衍生图片。',
  '{verified} files read, {broken} broken; none is left.': '读取了 {verified} 个文件，{broken} 个损坏；已全部读完。',
  '{verified} files read, {broken} broken; the rest is left to the next run.':
    '读取了 {verified} 个文件，{broken} 个损坏；其余留待下次运行。',
  '{file}: {bytes} bytes; {deleted} older backups deleted.': '{file}：{bytes} 字节；删除了 {deleted} 个旧备份。',
  'Done; {bytes} bytes of disk space freed.': '完成；向磁盘归还 {bytes} 字节。',
  '{runs} runs deleted.': '删除了 {runs} 条运行记录。',
  'Told {name}.': '已通知 {name}。',

  'Marks expired uploads, and ends claims on limited downloads whose window has passed':
    '标记已到期的上传，并结束超时的限次下载占用',
  'Deletes the bytes of files that expired or were removed': '删除已过期或已移除文件的数据',
  'Deletes the rows of removed uploads, and of expired ones an hour later, once their bytes are deleted':
    '上传结束一小时后，删除已无数据的记录',
  'Cleans up uploads whose sender or server died, and deletes temporary files of failed writes':
    '结束发送方或服务器已中断的上传，并清除残留的写入',
  'Moves stored bytes that belong to no file to quarantine, and deletes them a day later; moves none if their share is too large':
    '把不属于任何文件的数据移入隔离区，一天后删除；占比过大时停止',
  'Checks that the data of every file exists and has the right size; marks those that are missing, clears the marks of those that are back, and fails when any is missing':
    '检查每个文件的数据是否存在、大小是否正确；标记损坏的，并恢复；发现损坏时作业失败',
  'Reads files again at a limited rate and compares their SHA-256; each run continues where the last one stopped; fails if a file is broken':
    '慢速重新读取文件并核对 SHA-256；下次从中断处继续；发现损坏时作业失败',
  'Makes a consistent copy of the database while it is in use, verifies it, and keeps only the newest copies':
    '在使用中为数据库做一致的备份，打开核实完整，并保留最新的几份',
  'Updates the statistics of the database, and frees the disk space of deleted rows':
    '更新数据库的统计信息，并把已删除记录的空间归还给磁盘',
  'Deletes old runs from the history: beyond the newest of all jobs, beyond the newest of each, and by age':
    '从历史记录中删除旧的运行：按全部作业、单个作业的数量以及时间',
  'Sends a message to an operator, by webhook or mail': '通过 Webhook 或邮件向操作员发送消息',

  'Deletes expired uploads: files within a minute, metadata after an hour':
    '清除到期内容：立即标记，一分钟内删除数据，一小时后删除记录',
  'Deletes uploads whose sender or server died': '删除发送方或服务器已中断的上传',
  'Stored bytes that a crash left without a file': '崩溃后没有对应文件的数据',
  'Compares files with their stored bytes: marks broken files, and deletes bytes without a file':
    '核对文件与数据：标记损坏的，清除无主的',
  'Reads each file again within a month, at 20 MB a second, and compares its digest':
    '每月以每秒 20 MB 的速度重读每个文件并核对摘要',
  'A copy of the database, of which the last seven are kept': '数据库备份，保留最近七份',
  'Statistics by which the database chooses its indexes': '数据库用于选择索引的统计信息',
  'Old runs in the history of jobs': '历史记录中的旧运行',
}
