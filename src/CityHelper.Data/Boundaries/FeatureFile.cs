using System.Text.Json;
using CityHelper.Data.Import;
using NetTopologySuite.Geometries;

namespace CityHelper.Data.Boundaries;

/// <summary>A boundary read from a file.</summary>
/// <param name="Code">Unique in the file.</param>
/// <param name="Name">Display name.</param>
/// <param name="Geometry">Valid.</param>
internal sealed record BoundaryFeature(string Code, string Name, MultiPolygon Geometry);

/// <summary>A feature's label, and why it was refused or repaired.</summary>
public sealed record FeatureReason(string Feature, string Reason)
{
    public override string ToString() => $"{Feature}: {Reason}";
}

/// <summary>The features of a GeoJSON file, <c>.geojson</c> or <c>.json</c>, optionally gzipped (<c>.gz</c>).</summary>
internal sealed class FeatureFile
{
    private FeatureFile()
    {
    }

    /// <summary>Features read, including refused ones.</summary>
    public int Read { get; private set; }

    public List<BoundaryFeature> Features { get; } = [];

    public List<FeatureReason> Repaired { get; } = [];

    public List<FeatureReason> Refused { get; } = [];

    /// <summary>Reads a file into memory, up to the limits, and turns its features into valid geometries.</summary>
    /// <exception cref="BrokenInputException">It is not a GeoJSON FeatureCollection, or exceeds the limits.</exception>
    public static async Task<FeatureFile> ReadAsync(
        string path, BoundaryImportOptions options, Envelope city, CancellationToken cancellation)
    {
        string name = Path.GetFileName(path);
        using JsonDocument document = GeoJsonText.Parse(name, await ContentAsync(path, cancellation));
        JsonElement[] features = Collection(name, document.RootElement);
        var properties = FeatureProperties.Find(name, options.Kind, features, options.NameProperty, options.CodeProperty);
        var shapes = new GeoJsonShapes(name);
        var geometries = new BoundaryShapes(city, new ShapeWork(name));
        var file = new FeatureFile { Read = features.Length };
        var codes = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < features.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            file.Add(features[i], properties.Label(features[i], i + 1), properties, shapes, geometries, codes);
        }

        return file;
    }

    private void Add(
        JsonElement feature,
        string label,
        FeatureProperties properties,
        GeoJsonShapes shapes,
        BoundaryShapes geometries,
        HashSet<string> codes)
    {
        try
        {
            (string code, string name) = properties.Of(feature);
            GeoJsonShape shape = shapes.Read(feature.TryGetProperty("geometry", out JsonElement geometry) ? geometry : default);
            MultiPolygon made = geometries.Make(shape);
            if (!codes.Add(code))
            {
                throw new RefusedFeatureException($"its code {code} is that of a feature before it");
            }

            Features.Add(new BoundaryFeature(code, name, made));
            if (shape.Repairs.Count > 0)
            {
                Repaired.Add(new FeatureReason(label, string.Join("; ", shape.Repairs.Distinct())));
            }
        }
        catch (RefusedFeatureException refused)
        {
            Refused.Add(new FeatureReason(label, refused.Message));
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ContentAsync(string path, CancellationToken cancellation)
    {
        await using InputFile file = await InputFile.OpenAsync(path, Limits.BoundaryFileBytesMax, cancellation);
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            int read;
            while ((read = await file.Content.ReadAsync(buffer, cancellation)) > 0)
            {
                content.Write(buffer.AsSpan(0, read));
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new BrokenInputException($"{Path.GetFileName(path)} is damaged: {damaged.Message}", damaged);
        }

        await file.RequireWholeAsync(cancellation);
        return content.GetBuffer().AsMemory(0, (int)content.Length);
    }

    private static JsonElement[] Collection(string name, JsonElement root)
    {
        bool isCollection =
            root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty("type", out JsonElement type)
            && type.ValueKind == JsonValueKind.String
            && type.ValueEquals("FeatureCollection")
            && root.TryGetProperty("features", out JsonElement found)
            && found.ValueKind == JsonValueKind.Array;
        if (!isCollection)
        {
            throw new BrokenInputException($"{name} is no GeoJSON FeatureCollection.");
        }

        if (root.TryGetProperty("crs", out JsonElement crs) && !ReferenceSystem.IsWgs84(crs))
        {
            throw new BrokenInputException(
                $"{name} is in another reference system ({ReferenceSystem.NameOf(crs)}): convert it to EPSG:4326.");
        }

        JsonElement features = root.GetProperty("features");
        if (features.GetArrayLength() is 0 or > Limits.BoundariesMax)
        {
            throw new BrokenInputException(features.GetArrayLength() == 0
                ? $"{name} has no features."
                : $"{name} has {features.GetArrayLength():N0} features, at most {Limits.BoundariesMax:N0} are allowed: are they "
                    + "boundaries of one kind?");
        }

        return features.EnumerateArray().All(IsFeature)
            ? [.. features.EnumerateArray()]
            : throw new BrokenInputException($"{name}: not everything in its features is a Feature with properties.");
    }

    // RFC 7946 allows null properties. Such a feature is refused alone, not the file.
    private static bool IsFeature(JsonElement feature) =>
        feature.ValueKind == JsonValueKind.Object
        && feature.TryGetProperty("type", out JsonElement type)
        && type.ValueKind == JsonValueKind.String
        && type.ValueEquals("Feature")
        && feature.TryGetProperty("properties", out JsonElement properties)
        && properties.ValueKind is JsonValueKind.Object or JsonValueKind.Null;
}
