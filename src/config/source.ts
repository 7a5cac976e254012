/** Where the texts of a target list come from: files, standard input, ConfigMaps. */
export interface TargetSource {
  /**
   * Every part as it is now, in a stable order. A part that cannot be read is a part with a reason: the
   * others are read all the same. Never rejects but with `signal.reason`.
   */
  read(signal: AbortSignal): Promise<readonly SourcePart[]>;
}

export type SourcePart =
  | {
      readonly ok: true;
      /** As a person names it: a file's path, `<stdin>`, `configmap NAMESPACE/NAME[KEY]`. */
      readonly source: string;
      readonly text: string;
    }
  | {
      readonly ok: false;
      readonly source: string;
      readonly reason: SourceFailure;
      /** One line for people, without the source's name. */
      readonly message: string;
    };

export type SourceFailure =
  | 'NotFound'
  | 'PermissionDenied'
  | 'TooLarge'
  | 'NotText'
  | 'NoListFiles'
  | 'TooManyFiles'
  | 'Unreadable';
