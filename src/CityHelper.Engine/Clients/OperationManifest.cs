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
    /// The data that the operations' plans are of (<c>cityhelper operations check --update</c>); null when there are none.
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
    /// <exception cref="InvalidDataException">The file is no manifest, or an id is not the hash of its body.</exception>
    public static OperationManifest Read(string path)
    {
        OperationManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<OperationManifest>(File.ReadAllBytes(path), s_json);
        }
        catch (JsonException cause)
        {
            throw new InvalidDataException($"{path} is no manifest of operations: build it anew with `cityhelper operations build`.", cause);
        }

        foreach (ManifestOperation operation in manifest?.Operations ?? [])
        {
            if (operation.Id != OperationCompiler.IdOf(operation.Body))
            {
                throw new InvalidDataException(
                    $"{path}: the id of {operation.Name} is not the SHA-256 of its body: build the manifest anew with `cityhelper operations build`.");
            }
        }

        return manifest ?? Of([]);
    }

    /// <summary>Reads the manifest of a folder, if it has one that can be read.</summary>
    public static OperationManifest? TryRead(string folder)
    {
        try
        {
            return File.Exists(Path.Combine(folder, FileName)) ? Read(Path.Combine(folder, FileName)) : null;
        }
        catch (InvalidDataException)
        {
            // Whoever builds it anew does so because it is broken.
            return null;
        }
    }

    /// <summary>The file's text, with a final newline.</summary>
    public override string ToString() => JsonSerializer.Serialize(this, s_json) + "\n";
}

/// <summary>One published operation.</summary>
/// <param name="Id">SHA-256 of <paramref name="Body"/> in UTF-8, lower-case hex.</param>
/// <param name="Name">The operation's name, unique within its client.</param>
/// <param name="Type">Always <c>query</c> for now.</param>
/// <param name="Client">The folder it came from: <c>web</c>.</param>
/// <param name="Price">What it costs with its variables' defaults.</param>
/// <param name="Cache">How long its answers may be kept: the value of their <c>Cache-Control</c>.</param>
/// <param name="Body">The document.</param>
public sealed record ManifestOperation(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("client")] string Client,
    [property: JsonPropertyName("price")] Price Price,
    [property: JsonPropertyName("cache")] string Cache,
    [property: JsonPropertyName("body"), JsonPropertyOrder(1)] string Body)
{
    /// <summary>The tables that it may read, with all that its variables may ask for.</summary>
    [JsonPropertyName("reads")]
    public IReadOnlyList<string> Reads { get; init; } = [];

    /// <summary>The fingerprint of the plans that PostgreSQL makes of it (docs/decisions/0012); null when it was never checked.</summary>
    [JsonPropertyName("plan")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Plan { get; init; }
}
