import type { IMAGE_ERRORS } from '../../errors/images.ts'
import type { Translation } from '../translator.ts'

export const IMAGE_ERRORS_ZH = {
  not_a_picture: '文件 {name} 不是图片',
  pictures_disabled: '此服务器不生成缩略图',
  picture_of_limited_file: '下载次数有限的文件没有缩略图',
  picture_not_convertible: '无法生成此图片的其他形式：{reason}',
  picture_later: '服务器暂时无法处理此图片（{reason}）',
  picture_too_large: '图片太大，无法生成其他形式',
  too_many_pictures: '同时请求的图片太多',
  picture_outdated: '需要重新生成此图片，请稍后再试',
  picture_cleaning_busy: '服务器暂时无法清除此图片的信息，请重试',
  picture_cleaning_failed: '服务器未能清除此图片的信息，请重试',
  video_cleaning_failed: '服务器未能清除此视频的信息，请重试',
  picture_size_impossible: '无法这样生成图片：请检查 width、height、fit 和 background',
  picture_size_invalid: '图片的宽和高应为整数像素，且不能太大',
  picture_choice_invalid: '{name} 无效，可用的有：{names}',
  picture_choice_not_allowed: '{name} 无效，可用的有：{names}；持有上传令牌者可任选',
  picture_colour_invalid: '{name} 无效，可用的有：{names}，或颜色如 1b1b1b',
  picture_pixels_invalid: '{name} 无效，应为 1 到 {max} 像素',
} satisfies Translation<typeof IMAGE_ERRORS>
