// The arguments of every route, as the public specification declares them. What a route reads is typed where it is
// read; that it has this shape is guaranteed here.
import { boolean, integer, list, nullable, struct, text, timestamp, union, type Field } from './stone.ts';

const readPath = text({
  pattern: String.raw`(/(.|[\r\n])*|id:.*)|(rev:[0-9a-f]{9,})|(ns:[0-9]+(/.*)?)`,
});
const writePath = text({ pattern: String.raw`(/(.|[\r\n])*)|(ns:[0-9]+(/.*)?)` });
const writePathOrId = text({ pattern: String.raw`(/(.|[\r\n])*)|(ns:[0-9]+(/.*)?)|(id:.*)` });
const pathOrId = text({ pattern: String.raw`/(.|[\r\n])*|id:.*|(ns:[0-9]+(/.*)?)` });
const pathRootOrId = text({ pattern: String.raw`(/(.|[\r\n])*)?|id:.*|(ns:[0-9]+(/.*)?)` });
const rev = text({ min: 9, pattern: '[0-9a-f]+' });
const hash = text({ min: 64, max: 64 });
const uint64 = integer(0, 2n ** 64n - 1n);
const cursorText = text({ min: 1 });

const no: Field = { type: boolean, default: false };
const yes: Field = { type: boolean, default: true };
const contentHash: Field = { type: hash, optional: true };

const uploadCursor = struct({ session_id: { type: text() }, offset: { type: uint64 } });
const sessionType = union({ sequential: null, concurrent: null });
const propertyGroup = struct({
  template_id: { type: text({ min: 1 }) },
  fields: { type: list(struct({ name: { type: text() }, value: { type: text() } })) },
});
const writeMode = union({ add: null, overwrite: null, update: rev });

const commitFields: Record<string, Field> = {
  path: { type: writePathOrId },
  mode: { type: writeMode, default: { '.tag': 'add' } },
  autorename: no,
  client_modified: { type: nullable(timestamp), optional: true },
  mute: no,
  property_groups: { type: nullable(list(propertyGroup)), optional: true },
  strict_conflict: no,
};
const finish = struct({
  cursor: { type: uploadCursor },
  commit: { type: struct(commitFields) },
  content_hash: contentHash,
});
const propertyFilter: Field = {
  type: nullable(union({ filter_some: list(text({ min: 1 })) })),
  optional: true,
};
const listFolderFields: Record<string, Field> = {
  path: { type: pathRootOrId },
  recursive: no,
  include_media_info: no,
  include_deleted: no,
  include_has_explicit_shared_members: no,
  include_mounted_folders: yes,
  limit: { type: nullable(integer(1, 2000)), optional: true },
  shared_link: {
    type: nullable(struct({ url: { type: text() }, password: { type: nullable(text()), optional: true } })),
    optional: true,
  },
  include_property_groups: propertyFilter,
  include_non_downloadable_files: yes,
  include_restorable_info: no,
};
const deleteFields: Record<string, Field> = {
  path: { type: writePathOrId },
  parent_rev: { type: nullable(rev), optional: true },
};
const relocation = struct({
  from_path: { type: writePathOrId },
  to_path: { type: writePathOrId },
  allow_shared_folder: no,
  autorename: no,
  allow_ownership_transfer: no,
});
const jobId = struct({ async_job_id: { type: text({ min: 1 }) } });
const cursorOnly = struct({ cursor: { type: cursorText } });
const echo = struct({ query: { type: text({ max: 500 }), default: '' } });

/** Route to the type of its argument; `null` for a route that takes none. */
export const argumentTypes = {
  'files/upload': struct({ ...commitFields, content_hash: contentHash }),
  'files/upload_session/start': struct({
    close: no,
    session_type: { type: nullable(sessionType), optional: true },
    content_hash: contentHash,
  }),
  'files/upload_session/append': struct({ session_id: { type: text() }, offset: { type: uint64 } }),
  'files/upload_session/append_v2': struct({
    cursor: { type: uploadCursor },
    close: no,
    content_hash: contentHash,
  }),
  'files/upload_session/append_batch': struct({
    entries: {
      type: list(struct({ cursor: { type: uploadCursor }, length: { type: uint64 }, close: no }), {
        min: 1,
        max: 1000,
      }),
    },
    content_hash: contentHash,
  }),
  'files/upload_session/finish': finish,
  'files/upload_session/finish_batch': struct({ entries: { type: list(finish, { max: 1000 }) } }),
  'files/upload_session/finish_batch_v2': struct({ entries: { type: list(finish, { max: 1000 }) } }),
  'files/upload_session/finish_batch/check': jobId,
  'files/upload_session/start_batch': struct({
    num_sessions: { type: integer(1, 1000) },
    session_type: { type: nullable(sessionType), optional: true },
  }),
  'files/download': struct({ path: { type: readPath }, rev: { type: nullable(rev), optional: true } }),
  'files/get_metadata': struct({
    path: { type: readPath },
    include_media_info: no,
    include_deleted: no,
    include_has_explicit_shared_members: no,
    include_property_groups: propertyFilter,
  }),
  'files/list_folder': struct(listFolderFields),
  'files/list_folder/get_latest_cursor': struct(listFolderFields),
  'files/list_folder/continue': cursorOnly,
  'files/list_folder/longpoll': struct({
    cursor: { type: cursorText },
    timeout: { type: integer(30, 480), default: 30 },
  }),
  'files/create_folder_v2': struct({ path: { type: writePath }, autorename: no }),
  'files/delete_v2': struct(deleteFields),
  'files/permanently_delete': struct(deleteFields),
  'files/delete_batch': struct({ entries: { type: list(struct(deleteFields), { max: 1000 }) } }),
  'files/delete_batch/check': jobId,
  'files/copy_v2': relocation,
  'files/move_v2': relocation,
  'files/list_revisions': struct({
    path: { type: pathOrId },
    mode: { type: union({ path: null, id: null }), default: { '.tag': 'path' } },
    limit: { type: integer(1, 100), default: 10 },
    before_rev: { type: nullable(rev), optional: true },
  }),
  'files/restore': struct({ path: { type: writePath }, rev: { type: rev } }),
  'users/get_current_account': null,
  'users/get_space_usage': null,
  'check/user': echo,
  'check/app': echo,
  'auth/token/revoke': null,
} as const;

export type RouteName = keyof typeof argumentTypes;
