import { remembered } from './remembered.ts'

/** Upload tokens that this tab has seen: they are taken out of the address, and a reload must not take the rights away. */
const tokenOf = (uploadId: string) => remembered(`token-${uploadId}`, () => sessionStorage)

export const rememberToken = (uploadId: string, token: string | undefined): void => tokenOf(uploadId).set(token)
export const knownToken = (uploadId: string): string | undefined => tokenOf(uploadId).get()
