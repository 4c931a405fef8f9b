using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;

namespace CityHelper.Server.Changes;

/// <summary>
/// schema/asyncapi.json: what is in Redis for other services, as AsyncAPI 3.0
/// (https://www.asyncapi.com/docs/reference/specification/v3.0.0). The examples are what <see cref="ChangeCloudEvents"/> writes: whoever
/// holds them against the schemas holds the events against them too.
/// </summary>
internal static class EventsDocument
{
    private const string GlobalIdOf = "A global id as in the GraphQL schema: ";

    private static readonly JsonSerializerOptions s_options =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (ChangeKind Kind, string Summary)[] s_kinds =
    [
        (ChangeKind.Request, "One request: made, changed or removed."),
        (ChangeKind.Bulk, "More requests than are named: those in the cells, or all."),
        (ChangeKind.Reference, "Categories or agencies: added or renamed."),
        (ChangeKind.Boundary, "The city's boundaries."),
        (ChangeKind.City, "The city itself: added, renamed."),
        (ChangeKind.Purge, "An operator demands that everything is read again."),
        (ChangeKind.Redaction, "Texts and place of a request are removed for good: drop what you keep of it, in these cells too."),
        (ChangeKind.Epoch, "An epoch begins: everything before it may be wrong. Drop what you keep and read again."),
    ];

    /// <summary>The document.</summary>
    public static string Write() => Document().ToJsonString(s_options) + "\n";

    private static JsonObject Document() => new()
    {
        ["asyncapi"] = "3.0.0",
        ["info"] = new JsonObject
        {
            ["title"] = "CityHelper events",
            ["version"] = "1.0.0",
            ["description"] = "The change log of each city, copied to Redis, and the inbox of services that cannot write to the database. "
                + "docs/events.md is the manual.",
        },
        ["defaultContentType"] = "application/cloudevents+json",
        ["servers"] = new JsonObject
        {
            ["redis"] = new JsonObject
            {
                ["host"] = "redis.example.org:6379",
                ["protocol"] = "redis",
                ["description"] = "The Redis that the servers share (CITYHELPER_REDIS).",
            },
        },
        ["channels"] = Channels(),
        ["operations"] = new JsonObject
        {
            ["publishChange"] = Operation("send", "changes", "Appends each event of a city's log, in order and without holes."),
            ["nudge"] = Operation("send", "nudges", "Says that a city's stream has new events."),
            ["receiveAnnouncement"] = Operation("receive", "inbox", "Takes what another service announces, and removes it."),
            ["refuseAnnouncement"] = Operation("send", "inboxDead", "Keeps refused entries, for people to look at."),
        },
        ["components"] = new JsonObject { ["messages"] = Messages(), ["schemas"] = Schemas() },
    };

    private static JsonObject Channels() => new()
    {
        ["changes"] = Channel(
            "changes:{city}",
            "A Redis Stream for each city. An entry has the id `epoch-n` and one field, `event`, with the message. It holds ten minutes "
                + $"and about {Limits.StreamEventsMax} events; whoever is further behind reads the database, or begins anew.",
            [.. s_kinds.Select(kind => NameOf(kind.Kind))]),
        ["nudges"] = Channel(
            ChangeNudges.Channel,
            "Publish and subscribe. A hint, which may be lost: read the stream every now and then as well.",
            ["nudge"]),
        ["inbox"] = Channel(
            "inbox:{city}", "A Redis Stream for each city, to which other services add. The message is the fields of an entry.",
            ["announcement"]),
        ["inboxDead"] = Channel(
            "inbox-dead:{city}", "A Redis Stream for each city: refused entries. The message is the fields of an entry.", ["refused"]),
    };

    private static JsonObject Channel(string address, string description, string[] messages)
    {
        var channel = new JsonObject
        {
            ["address"] = address,
            ["description"] = description,
            ["servers"] = new JsonArray(Reference("#/servers/redis")),
            ["messages"] = Object(messages, name => Reference($"#/components/messages/{name}")),
        };
        if (address.Contains('{', StringComparison.Ordinal))
        {
            channel["parameters"] = new JsonObject
            {
                ["city"] = new JsonObject
                {
                    ["description"] = "The city's id in braces, which are part of the key: `{1}`. The key of city 1 is "
                        + address.Replace("{city}", "{1}", StringComparison.Ordinal)
                        + (address.StartsWith("changes", StringComparison.Ordinal) ? "; `{0}` is for what belongs to no city." : "."),
                    ["examples"] = new JsonArray("{1}"),
                },
            };
        }

        return channel;
    }

    private static JsonObject Operation(string action, string channel, string summary) => new()
    {
        ["action"] = action,
        ["channel"] = Reference($"#/channels/{channel}"),
        ["summary"] = summary,
    };

    private static JsonObject Messages()
    {
        var messages = new JsonObject();
        foreach ((ChangeKind kind, string summary) in s_kinds)
        {
            messages[NameOf(kind)] = new JsonObject
            {
                ["name"] = ChangeCloudEvents.TypeOf(kind),
                ["summary"] = summary,
                ["contentType"] = "application/cloudevents+json",
                ["payload"] = new JsonObject
                {
                    ["allOf"] = new JsonArray(
                        Reference("#/components/schemas/event"),
                        new JsonObject
                        {
                            ["properties"] = new JsonObject { ["type"] = new JsonObject { ["const"] = ChangeCloudEvents.TypeOf(kind) } },
                        }),
                },
                ["examples"] = Example(JsonNode.Parse(ChangeCloudEvents.ToJson(EventExamples.Of(kind), EventExamples.City))!),
            };
        }

        messages["nudge"] = new JsonObject
        {
            ["summary"] = "A city's stream has new events.",
            ["contentType"] = "text/plain",
            ["payload"] = Text("The city's id in decimal digits.", "^[0-9]{1,5}$"),
            ["examples"] = Example("1"),
        };
        messages["announcement"] = new JsonObject
        {
            ["summary"] = "Requests in some cells of the city changed.",
            ["contentType"] = "application/json",
            ["payload"] = Reference("#/components/schemas/announcement"),
            ["examples"] = Example(Announcement()),
        };
        messages["refused"] = new JsonObject
        {
            ["summary"] = "An entry of an inbox that was refused.",
            ["contentType"] = "application/json",
            ["payload"] = Reference("#/components/schemas/refused"),
            ["examples"] = Example(new JsonObject { ["reason"] = "unsigned", ["entry"] = "1772366400000-0", ["source"] = "parks" }),
        };
        return messages;
    }

    private static JsonObject Announcement()
    {
        const string Id = "0195530d-4400-7000-8000-0000000000aa";
        const string Time = "2026-03-01T12:00:00Z";
        const string Cells = "14/4825/6160 14/4825/6161";
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        return new JsonObject
        {
            [InboxValidation.Source] = "parks",
            [InboxValidation.EventId] = Id,
            [InboxValidation.Time] = Time,
            [InboxValidation.Cells] = Cells,
            [InboxValidation.Signature] = InboxSignature.Of(key, 1, "parks", Id, Time, Cells),
        };
    }

    private static JsonObject Schemas() => new()
    {
        ["event"] = Schema(
            "A CloudEvent 1.0 in its JSON event format, with the extension `sequence`.",
            ("specversion", new JsonObject { ["const"] = "1.0" }, true),
            ("id", Uuid("The event's id. It stays the same wherever the event is read."), true),
            ("source", Text("`/cities/` and the city's slug; `/` for what belongs to no city.", "^/(cities/[a-z0-9-]+)?$"), true),
            ("type", Enumeration("What the event is about.", s_kinds.Select(kind => ChangeCloudEvents.TypeOf(kind.Kind))), true),
            ("time", Time("When the writer appended it, before its commit: events are not in the order of their times."), true),
            ("sequence", Text(
                "Epoch and number, padded, so that places in a city's log compare as texts do.", "^[0-9]{10}-[0-9]{19}$"), true),
            ("subject", Text(GlobalIdOf + "the request. Left out where the event is about no single one."), false),
            ("datacontenttype", new JsonObject { ["const"] = "application/json" }, true),
            ("data", Reference("#/components/schemas/data"), true)),
        ["data"] = Schema(
            "What happened.",
            ("epoch", Whole("The epoch in which the event was numbered.", 1), true),
            ("n", Whole("The event's number: dense in a city, beginning with 1.", 1), true),
            ("numberedAt", Time("When it was numbered, after the writer's commit."), true),
            ("cause", Text(
                "What changed it: `import`, `service`, `inbox:` and a name, the name of a mutation; of an epoch, the reason."), true),
            ("urgent", Flag("Whether nobody may go on showing what was there before."), true),
            ("version", Whole("The request's version after the change.", 1), false),
            ("before", Described(
                "The request before the change; left out for a new one, and after a redaction.", "#/components/schemas/request"), false),
            ("after", Described(
                "The request after the change; left out for a removed one, and after a redaction.", "#/components/schemas/request"), false),
            ("all", Flag("Whether the event touches more than it names. Left out where it names a request."), false),
            ("cells", Cells(), false)),
        ["request"] = Schema(
            "A request at one moment.",
            ("status", Enumeration("Its status.", Enum.GetNames<ServiceRequestStatus>()
                .Select(StatusLabels.Translator.TranslateMemberName)), true),
            ("category", Text(GlobalIdOf + "its category."), true),
            ("agency", Text(GlobalIdOf + "its agency; null without one.", isNullable: true), true),
            ("location", Location(), true)),
        ["announcement"] = Schema(
            "The fields of an entry that another service adds; all are texts.",
            (InboxValidation.Source, Text("The service's name, under which its key is configured.", "^[a-z][a-z0-9-]*$"), true),
            (InboxValidation.EventId, Uuid("Drawn by the service. The same id twice is one event."), true),
            (InboxValidation.Time, Time("When the entry was made, in UTC."), true),
            (InboxValidation.Cells, Text(
                $"Cells of zoom 14 as `zoom/x/y`, at most {Data.Limits.EventCellsMax}, with a space between; or `all`.",
                "^(all|14/[0-9]+/[0-9]+( 14/[0-9]+/[0-9]+)*)$"), true),
            (InboxValidation.Signature, Text(
                "HMAC-SHA-256 in lower-case hex; docs/events.md says over what.", "^[0-9a-f]{64}$"), true)),
        ["refused"] = Schema(
            $"The fields of a refused entry, each cut to {Limits.DeadLetterValueBytesMax} bytes; of an oversized one its length alone.",
            ("reason", Enumeration(
                "Why it was refused.", [.. Enum.GetValues<InboxRefusal>().Select(InboxIngester.ReasonOf), "oversized"]), true),
            ("entry", Text("The id that it had in the inbox."), true),
            ("bytes", Text("The bytes of an oversized entry."), false)),
    };

    private static JsonObject Schema(string description, params (string Name, JsonObject Schema, bool IsRequired)[] properties) => new()
    {
        ["type"] = "object",
        ["description"] = description,
        ["required"] = new JsonArray([.. properties.Where(p => p.IsRequired).Select(p => (JsonNode)p.Name)]),
        ["properties"] = Object(properties, p => p.Schema, p => p.Name),
    };

    private static JsonObject Text(string description, string? pattern = null, bool isNullable = false)
    {
        var schema = new JsonObject { ["type"] = isNullable ? new JsonArray("string", "null") : "string", ["description"] = description };
        if (pattern is not null)
        {
            schema["pattern"] = pattern;
        }

        return schema;
    }

    private static JsonObject Uuid(string description) => Formatted("uuid", description);

    private static JsonObject Time(string description) => Formatted("date-time", description);

    private static JsonObject Formatted(string format, string description) =>
        new() { ["type"] = "string", ["format"] = format, ["description"] = description };

    private static JsonObject Whole(string description, int minimum) =>
        new() { ["type"] = "integer", ["minimum"] = minimum, ["description"] = description };

    private static JsonObject Flag(string description) => new() { ["type"] = "boolean", ["description"] = description };

    private static JsonObject Enumeration(string description, IEnumerable<string> values) => new()
    {
        ["type"] = "string",
        ["description"] = description,
        ["enum"] = new JsonArray([.. values.Select(value => (JsonNode)value)]),
    };

    private static JsonObject Cells() => new()
    {
        ["type"] = "array",
        ["description"] = "The cells that the event touches, as `zoom/x/y`, the names of Web Mercator tiles, at zoom 14. Left out where a "
            + "request is named that has places of its own.",
        ["maxItems"] = Data.Limits.EventCellsMax,
        ["items"] = new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+/[0-9]+/[0-9]+$" },
    };

    private static JsonObject Location() => new()
    {
        ["type"] = new JsonArray("array", "null"),
        ["description"] = "Longitude and latitude in degrees (WGS 84); null without a place.",
        ["items"] = new JsonObject { ["type"] = "number" },
        ["minItems"] = 2,
        ["maxItems"] = 2,
    };

    private static JsonObject Described(string description, string reference) =>
        new() { ["description"] = description, ["allOf"] = new JsonArray(Reference(reference)) };

    private static JsonArray Example(JsonNode payload) => new(new JsonObject { ["payload"] = payload });

    private static JsonObject Reference(string target) => new() { ["$ref"] = target };

    private static JsonObject Object(IEnumerable<string> names, Func<string, JsonNode> value) => Object(names, value, name => name);

    private static JsonObject Object<T>(IEnumerable<T> items, Func<T, JsonNode> value, Func<T, string> name) =>
        new(items.Select(item => KeyValuePair.Create(name(item), (JsonNode?)value(item))));

    private static string NameOf(ChangeKind kind) => kind.ToString().ToLowerInvariant();
}
