import { texts } from '../../lib/language.ts'

/** The gallery of images and videos. */
export const galleryTexts = texts(
  {
    gallery: 'Pictures and videos',
    previous: 'Previous',
    next: 'Next',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    placeOf: (number: string, count: string) => `${number} of ${count}`,
  },
  {
    gallery: '图片和视频',
    previous: '上一个',
    next: '下一个',
    zoomIn: '放大',
    zoomOut: '缩小',
    placeOf: (number: string, count: string) => `第 ${number} 个，共 ${count} 个`,
  },
)
