using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CityHelper.Server.Admission;
using CityHelper.Server.Caching;
using CityHelper.Server.Changes;
using CityHelper.Server.Clients;
using CityHelper.Server.Configuration;
using CityHelper.Server.Http;
using CityHelper.Server.Redis;
using CityHelper.Server.Security;
using CityHelper.Server.Telemetry;

namespace CityHelper.Tests.Server;

/// <summary>Writes docs/configuration.md from the options classes and their docstrings.</summary>
internal static partial class ConfigurationDocument
{
    private const string Head = """
        # Configuration

        Each setting is an environment variable, or a value of `appsettings.json`, where `:` stands for `__`. A server reads them when it
        starts. With a wrong one it does not start: it says all that is wrong in one message, a sentence each, and repeats no secret. A
        variable that is empty is not set.

        This page is generated from the options classes, and a test holds it against them:
        `CITYHELPER_UPDATE_CONFIGURATION=1 eng/test --filter ConfigurationDocumentTests` writes it.

        """;

    private const string Tail = """

        ## Of .NET and OpenTelemetry

        These are read by the libraries. The most useful of them:

        | name | |
        |---|---|
        | `ASPNETCORE_ENVIRONMENT` | `Production` unless it is set. In `Development` anybody may send any text |
        | `Logging__LogLevel__<category>` | what is logged: `Logging__LogLevel__CityHelper=Debug` ([operating](operating.md)) |
        | `Logging__Console__FormatterName` | how: `json-line` in Production, else `line` |
        | `Kestrel__Endpoints__<name>__Url`, `…__Protocols` | where the server listens, beside `serve --urls` ([HTTP](http.md)) |
        | `OTEL_EXPORTER_OTLP_HEADERS` | what the collector is shown, such as a key. A secret |
        | `OTEL_RESOURCE_ATTRIBUTES` | what all signals say of this server: `deployment.environment.name=production` |
        | `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_BSP_…`, `OTEL_BLRP_…` | how often they are sent, and how many wait |

        OpenTelemetry lists [all of its variables](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).

        `CITYHELPER_PORT` is of `eng/run` alone.

        """;

    /// <summary>All options classes: ConfigurationDocumentTests finds any that is missing here.</summary>
    public static readonly IReadOnlyList<(string Title, Type Type, string Section)> Sections =
    [
        ("Database", typeof(DatabaseSettings), ""),
        ("Redis", typeof(RedisSettings), ""),
        ("Files", typeof(FileSettings), ""),
        ("Cursors", typeof(CursorSettings), ""),
        ("HTTP", typeof(HttpSettings), "Http"),
        ("Clients", typeof(ClientSettings), "Clients:<name>"),
        ("Inbox", typeof(InboxSourceSettings), "Inbox:<name>"),
        ("Admission", typeof(AdmissionSettings), "Admission"),
        ("Cache", typeof(CacheSettings), "Cache"),
        ("Telemetry", typeof(TelemetrySettings), ""),
        ("Metrics", typeof(MetricsSettings), "Metrics"),
    ];

    private const string TableHead = "| name | type | default | unit | |\n|---|---|---|---|---|\n";

    private static readonly Dictionary<string, XElement> s_docs = XDocument
        .Load(Path.Combine(AppContext.BaseDirectory, "CityHelper.Server.xml"))
        .Descendants("member")
        .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")!);

    public static string Write()
    {
        var text = new StringBuilder(Head);
        foreach ((string title, Type type, string section) in Sections)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n{Sentence($"T:{type.FullName}")}\n\n{TableHead}");
            object defaults = Activator.CreateInstance(type)!;
            foreach (Setting setting in Setting.Of(type, section))
            {
                string meaning = Sentence($"P:{type.FullName}.{setting.Property.Name}");
                string[] cells = [NameOf(setting), TypeOf(setting), DefaultOf(setting, defaults), setting.Unit, meaning];
                text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
            }
        }

        return text.Append(Tail).ToString();
    }

    private static string NameOf(Setting setting) =>
        setting.Type == typeof(string[]) ? $"`{setting.Name}__0`, `{setting.Name}__1`, …" : $"`{setting.Name}`";

    private static string TypeOf(Setting setting)
    {
        string type = setting.Type == typeof(string[]) ? "a text each"
            : setting.Type == typeof(string) ? "text"
            : setting.Type == typeof(bool) ? "true or false"
            : setting.Type == typeof(int) ? "whole number"
            : "number";
        return $"{type}{(setting.Range is { } range ? $", {range}" : "")}{(setting.IsSecret ? ", secret" : "")}";
    }

    private static string DefaultOf(Setting setting, object defaults) => (setting.Default ?? setting.Property.GetValue(defaults)) switch
    {
        null or string[] => "none",
        bool isSo => isSo ? "true" : "false",
        string words when setting.Default is not null => words,
        string value => $"`{value}`",
        var number => Convert.ToString(number, CultureInfo.InvariantCulture)!,
    };

    // A docstring as Markdown: code stays code, and references become the last part of their names.
    private static string Sentence(string member) => Spaces().Replace(string.Concat(s_docs[member].Nodes().Select(node => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")!.Value.Split('.')[^1]}`",
        XElement element => $"`{element.Value}`",
        _ => "",
    })), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
