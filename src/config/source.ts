/** A source of target list texts: files, standard input or ConfigMaps. */
export interface TargetSource {
  /**
   * The current parts, in a stable order. An unreadable part has a reason instead of a text and does not affect
   * the other parts. Rejects only with `signal.reason`.
   */
  read(signal: AbortSignal): Promise<readonly SourcePart[]>;
}

/** The list that a part belongs to: each `--config` and each `--configmap` is one list. */
export interface GivenList {
  /** As given on the command line. */
  readonly given: string;
  /** Nothing written in the list can change this name. Absent: its `metadata.name` is its name. */
  readonly name?: string;
}

export type SourcePart =
  | {
      readonly ok: true;
      /** For messages: a file's path, `<stdin>` or `configmap NAMESPACE/NAME[KEY]`. */
      readonly source: string;
      readonly text: string;
      /** Absent: it is a list of its own. */
      readonly list?: GivenList;
    }
  | {
      readonly ok: false;
      readonly source: string;
      readonly list?: GivenList;
      readonly reason: SourceFailure;
      /** One line, without the name of the source. */
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
