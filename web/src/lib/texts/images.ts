import { texts } from '../language.ts'

/** Metadata of photos and videos. */
export const imageTexts = texts(
  {
    removedFromPhoto: (what: string) => `Removed: ${what}`,
    stillHasPlace: 'Still contains its location',
    mayHavePlace: 'May still contain its location',
    gps: 'location',
    exif: 'camera data',
    xmp: 'editing data',
    iptc: 'captions',
    comment: 'comment',
    thumbnail: 'thumbnail',
    device: 'device',
    date: 'date',
    tags: 'notes',
    telemetry: 'sensor data',
    motion: 'motion photo video',
  },
  {
    removedFromPhoto: (what: string) => `已移除：${what}`,
    stillHasPlace: '仍包含拍摄地点',
    mayHavePlace: '可能仍包含拍摄地点',
    gps: '地点',
    exif: '相机信息',
    xmp: '编辑信息',
    iptc: '图片说明',
    comment: '注释',
    thumbnail: '缩略图',
    device: '设备',
    date: '日期',
    tags: '备注',
    telemetry: '传感器数据',
    motion: '动态照片视频',
  },
)
