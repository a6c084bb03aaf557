import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import {
  type Group,
  groupNameSchema,
  groupSchema,
  putGroupBodySchema,
  putGroupMemberBodySchema,
} from "../../api/contract/groups.ts";
import { Problem } from "../../api/problems.ts";
import {
  deleteGroup,
  deleteGroupMember,
  findGroup,
  type GroupRow,
  insertGroup,
  listGroupMembers,
  listGroups,
  putGroupMember,
  updateGroup,
} from "../../store/database/groups.ts";
import { requireAdministrator } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";

const params = z.object({ group: groupNameSchema });
const memberParams = params.extend({ user: z.string().max(200) });

/** Whom `student:<group>` and `instructor` in access lists mean; for administrators. */
export function groupRoutes(app: ZodApp, services: Pick<Services, "database" | "people" | "now">): void {
  const { database, people, now } = services;
  const tags = ["groups"];

  app.get("/groups", { schema: { tags, response: { 200: z.array(groupSchema) } } }, async request => {
    requireAdministrator(request, "account:read");
    return Promise.all((await listGroups(database)).map(groupJson));
  });

  app.put(
    "/groups/:group",
    { schema: { tags, params, body: putGroupBodySchema.nullish(), response: { 200: groupSchema } } },
    async request => {
      requireAdministrator(request, "account:write");
      const { group: name } = request.params;
      const window = { opens_at: momentOf(request.body?.opensAt), closes_at: momentOf(request.body?.closesAt) };
      if ((window.opens_at ?? 0) >= (window.closes_at ?? Infinity)) {
        throw new Problem("server/bad-request", { message: "A group must open before it closes" });
      }
      if (!(await insertGroup(database, { name, ...window, created_at: now() }))) {
        await updateGroup(database, name, window);
      }
      return groupJson(await required(name));
    },
  );

  app.delete("/groups/:group", { schema: { tags, params, response: { 200: emptyReplySchema } } }, async request => {
    requireAdministrator(request, "account:write");
    if (await deleteGroup(database, request.params.group)) return {};
    throw unknownGroup(request.params.group);
  });

  app.put(
    "/groups/:group/members/:user",
    {
      schema: { tags, params: memberParams, body: putGroupMemberBodySchema.nullish(), response: { 200: groupSchema } },
    },
    async request => {
      requireAdministrator(request, "account:write");
      const group = await required(request.params.group);
      const user = await people.require(request.params.user);
      const role = request.body?.role ?? "student";
      await putGroupMember(database, { group_name: group.name, user_id: user.id, role });
      return groupJson(group);
    },
  );

  app.delete(
    "/groups/:group/members/:user",
    { schema: { tags, params: memberParams, response: { 200: groupSchema } } },
    async request => {
      requireAdministrator(request, "account:write");
      const group = await required(request.params.group);
      const user = await people.require(request.params.user);
      if (await deleteGroupMember(database, group.name, user.id)) return groupJson(group);
      throw new Problem("server/not-found", { message: `"${user.name}" is not a member of "${group.name}"` });
    },
  );

  async function required(name: string): Promise<GroupRow> {
    const group = await findGroup(database, name);
    if (group) return group;
    throw unknownGroup(name);
  }

  async function groupJson(row: GroupRow): Promise<Group> {
    const members = await listGroupMembers(database, row.name);
    return {
      name: row.name,
      ...(row.opens_at === null ? {} : { opensAt: timestamp(row.opens_at) }),
      ...(row.closes_at === null ? {} : { closesAt: timestamp(row.closes_at) }),
      open: (row.opens_at ?? 0) <= now() && now() < (row.closes_at ?? Infinity),
      members: members.map(({ user_id, user, role }) => ({ id: user_id, name: user, role })),
    };
  }
}

function momentOf(moment: string | null | undefined): number | null {
  return moment == null ? null : Date.parse(moment);
}

function unknownGroup(name: string): Problem {
  return new Problem("server/not-found", { message: `There is no group "${name}"` });
}
