import type { Topic } from './kinds.ts'

/** Errors of images and videos: cleaning during the upload, and derived images. */
export const IMAGE_ERRORS = {
  not_a_picture: ['bad_request', 'file {name} ({id}) is not an image'],
  pictures_disabled: ['bad_request', 'derived images are disabled'],
  picture_of_limited_file: [
    'forbidden',
    'thumbnails and conversions are not available for files with a download limit',
  ],
  picture_not_convertible: ['not_acceptable', 'cannot convert this image: {reason}'],
  picture_later: ['unavailable', '{reason}'],
  picture_too_large: ['not_acceptable', 'this image is too large to be converted'],
  too_many_pictures: ['unavailable', 'too many images were requested at once'],
  picture_outdated: ['unavailable', 'this image has to be created again, please try again'],
  picture_cleaning_busy: ['unavailable', 'the server is too busy to clean this image, please try again'],
  picture_cleaning_failed: ['unavailable', 'the server could not clean this image, please try again'],
  video_cleaning_failed: ['unavailable', 'the server could not clean this video, please try again'],
  picture_size_impossible: ['bad_request', 'an image can’t be made like that: see width, height, fit and background'],
  picture_size_invalid: ['bad_request', 'width and height of an image are whole numbers of pixels, and not too many'],
  picture_choice_invalid: ['bad_request', 'invalid {name}, allowed: {names}'],
  picture_choice_not_allowed: ['bad_request', 'invalid {name}, allowed: {names}; with the upload token any'],
  picture_colour_invalid: ['bad_request', 'invalid {name}, allowed: {names} or a colour such as 1b1b1b'],
  picture_pixels_invalid: ['bad_request', 'invalid {name}, allowed: pixels from 1 to {max}'],
} as const satisfies Topic
