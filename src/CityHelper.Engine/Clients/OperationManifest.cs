using System.Text.Json;
using System.Text.Json.Serialization;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;

namespace CityHelper.Engine.Clients;

/// <summary>
/// The published operations: the file that clients build and the server loads. The layout is Apollo's persisted-query manifest
/// (https://www.apollographql.com/docs/kotlin/advanced/persisted-queries), with the client added.
/// </summary>
public sealed record OperationManifest(
    [property: JsonPropertyName("format")] string Format,
    [property: JsonPropertyName("version")] int Version,
    [property: JsonPropertyName("operations"), JsonPropertyOrder(1)] IReadOnlyList<ManifestOperation> Operations)
{
    /// <summary>
    /// The data that the plan fingerprints belong to (<c>cityhelper operations check --update</c>); null without fingerprints.
    /// </summary>
    [JsonPropertyName("plansOf")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PlansOf { get; init; }

    /// <summary>The file's name within the folder of persisted operations.</summary>
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A manifest of operations.</summary>
    public static OperationManifest Of(IEnumerable<ManifestOperation> operations) =>
        new("apollo-persisted-query-manifest", 1, [.. operations]);

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="InvalidDataException">The file is not a manifest, or an id is not the hash of its body.</exception>
    public static OperationManifest Read(string path)
    {
        OperationManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<OperationManifest>(File.ReadAllBytes(path), s_json);
        }
        catch (JsonException cause)
        {
            throw new InvalidDataException(
                $"{path} is no manifest of operations: build it anew with `cityhelper operations build`.", cause);
        }

        foreach (ManifestOperation operation in manifest?.Operations ?? [])
        {
            if (operation.Id != OperationCompiler.IdOf(operation.Body))
            {
                throw new InvalidDataException(
                    $"{path}: the id of {operation.Name} is not the SHA-256 of its body: build the manifest anew with `cityhelper "
                        + "operations build`.");
            }
        }

        return manifest ?? Of([]);
    }

    /// <summary>Reads the manifest of a folder; null if it has none or an invalid one.</summary>
    public static OperationManifest? TryRead(string folder)
    {
        try
        {
            return File.Exists(Path.Combine(folder, FileName)) ? Read(Path.Combine(folder, FileName)) : null;
        }
        catch (InvalidDataException)
        {
            // A caller that rebuilds the manifest needs no valid one.
            return null;
        }
    }

    /// <summary>The file's text, with a final newline.</summary>
    public override string ToString() => JsonSerializer.Serialize(this, s_json) + "\n";
}

/// <summary>One published operation.</summary>
/// <param name="Id">SHA-256 of <paramref name="Body"/> in UTF-8, lower-case hex.</param>
/// <param name="Name">The operation's name, unique within its client.</param>
/// <param name="Type">Its kind: <c>query</c>, <c>mutation</c> or <c>subscription</c>.</param>
/// <param name="Client">The client, from the folder of its source: <c>web</c>.</param>
/// <param name="Cost">Its cost with its usual variables.</param>
/// <param name="Cache">The <c>Cache-Control</c> header of its responses.</param>
/// <param name="Body">The document.</param>
public sealed record ManifestOperation(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("client")] string Client,
    [property: JsonPropertyName("price")] CostMetrics Cost,
    [property: JsonPropertyName("cache")] string Cache,
    [property: JsonPropertyName("body"), JsonPropertyOrder(1)] string Body)
{
    /// <summary>The tables that it may read, over all values of its variables.</summary>
    [JsonPropertyName("reads")]
    public IReadOnlyList<string> Reads { get; init; } = [];

    /// <summary>The fingerprint of its plans in PostgreSQL (docs/decisions/0012); null if no plan audit has set it.</summary>
    [JsonPropertyName("plan")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Plan { get; init; }
}
