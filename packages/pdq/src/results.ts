/** The hash of a picture. */
export interface PdqResult {
  /** 64 lower-case hexadecimal digits: 256 bits, as every PDQ list writes them. */
  readonly hash: string;
  /** 0 to 100. Below 50 the hash says little: do not list it and do not match it. */
  readonly quality: number;
}

/** The hashes of a picture in its eight orientations, in the order of ORIENTATIONS. */
export interface PdqOrientationsResult {
  readonly hashes: readonly string[];
  /** 0 to 100, of the picture as it is. */
  readonly quality: number;
}

/** A picture's hashes in both forms that lists may hold. */
export interface PdqForms {
  /** At full resolution: the form of pdqhash-python and HMA. */
  readonly full: PdqOrientationsResult;
  /** Of the 512 x 512 picture that the C++ command hashes; undefined where no side exceeds 512, because it would be the same. */
  readonly nearest512: PdqOrientationsResult | undefined;
}
