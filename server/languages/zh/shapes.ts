/** What zod finds, in its words, and what we tell it to say. */
export const SHAPES = {
  'Invalid input: expected {type}, received undefined': '必须填写',
  'Invalid input: expected string, received {type}': '应为文字',
  'Invalid input: expected number, received {type}': '应为数字',
  'Invalid input: expected int, received {type}': '应为整数',
  'Invalid input: expected boolean, received {type}': '应为是或否',
  'Invalid input: expected array, received {type}': '应为列表',
  'Invalid input: expected {type}, received {other}': '类型有误',
  'Invalid input: expected {value}': '应为 {value}',
  'Invalid input': '无效',
  'Invalid option: expected one of {names}': '可用的有 {names}',
  'Too big: expected string to have <={max} characters': '太长，最多 {max} 个字符',
  'Too big: expected array to have <={max} items': '太多，最多 {max} 个',
  'Too big: expected {type} to be <={max}': '太大，最大为 {max}',
  'Too small: expected string to have >={min} characters': '太短，至少 {min} 个字符',
  'Too small: expected array to have >={min} items': '太少，至少 {min} 个',
  'Too small: expected {type} to be >={min}': '太小，最小为 {min}',
  'Unrecognized key: {names}': '不认识 {names}',
  'Unrecognized keys: {names}': '不认识 {names}',
  'must not contain NUL characters': '不能包含 NUL 字符',
  'must be a date and time with its offset from UTC, as 2027-01-31T12:00:00Z, or milliseconds since 1970':
    '应为带时区的日期和时间（如 2027-01-31T12:00:00Z），或自 1970 年起的毫秒数',
  'must be in the years 1970 to 9999': '应在 1970 年至 9999 年之间',
  'must be 1 to 100 letters, digits, spaces or _.:()-': '应为 1 到 100 个文字、数字、空格或 _.:()-',
  'must be next, quit_success, quit_failure or the number of a step':
    '应为 next、quit_success、quit_failure 或步骤编号',
}
