/** A `.npy` file as NumPy writes it, with any header and body. */
export const npyBytes = (header: string, body: Uint8Array, version = 1): Uint8Array => {
  const text = Buffer.from(`${header.padEnd(117)}\n`, 'latin1')
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0])
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  length.writeUIntLE(text.length, 0, length.length)
  return Uint8Array.from(Buffer.concat([start, length, text, body]))
}

/** The header of an array of that type and shape. */
export const npyHeader = (descr: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`

/** `np.savez_compressed(images=arange(12, uint8).reshape(2, 3, 1, 2), labels=[0, 2] (int64))`, by NumPy 2. */
export const savedByNumpy = Uint8Array.from(
  Buffer.from(
    'UEsDBC0AAAAIAAAAIQCapHYY//////////8KABQAaW1hZ2VzLm5weQEAEACMAAAAAAAAAFgAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNq' +
      'qK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxjoKhjoKRpo6CrUKZAAuBkYmZhZWNnYOTi5uAFBLAwQtAAAACAAAACEAnW10R///' +
      '////////CgAUAGxhYmVscy5ucHkBABAAkAAAAAAAAABJAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndL' +
      'zClOBYoXZyQWpAL5GkY6mjoKtQoUAC4GKGCC0gBQSwECLQMtAAAACAAAACEAmqR2GFgAAACMAAAACgAAAAAAAAAAAAAAgAEAAAAAaW1hZ2VzLm5w' +
      'eVBLAQItAy0AAAAIAAAAIQCdbXRHSQAAAJAAAAAKAAAAAAAAAAAAAACAAZQAAABsYWJlbHMubnB5UEsFBgAAAAACAAIAcAAAABkBAAAAAA==',
    'base64',
  ),
)

/** `np.save` of `[[[0, 0.5], [1, 1/255]]]` in float32. */
export const floatsByNumpy = Uint8Array.from(
  Buffer.from(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDIsIDIpLCB9ICAgICAgICAgICAgICAg' +
      'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAPwAAgD+BgIA7',
    'base64',
  ),
)
