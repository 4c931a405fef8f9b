using System.Globalization;
using System.Text.Json;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;

namespace CityHelper.Data.Boundaries;

/// <summary>Finds the properties that hold the name and the code of a file's features, and reads them.</summary>
internal sealed class FeatureProperties
{
    // Names on open-data portals; the first that the file has is used. Only letters and digits are compared: Boro_Name is boroname.
    private static readonly string[] s_names =
    [
        "name", "boroname", "borough", "ntaname", "neighborhood", "neighbourhood", "districtname", "district", "label",
    ];

    private static readonly string[] s_codes =
    [
        "borocd", "borocode", "boroughcode", "ntacode", "nta2020", "neighborhoodid",
        "externalid", "districtcode", "districtid", "code", "geoid",
    ];

    private readonly string _kind;
    private readonly string? _name;
    private readonly string? _code;
    private readonly bool _codeIsNewYorks;

    private FeatureProperties(string kind, string? name, string? code)
    {
        _kind = kind;
        _name = name;
        _code = code;
        _codeIsNewYorks = code is not null && NewYork.ColumnKey(code) == "borocd";
    }

    /// <summary>Finds the properties of a file.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="kind">The kind of the features.</param>
    /// <param name="features">The features.</param>
    /// <param name="name">The property that holds the name, if given.</param>
    /// <param name="code">The property that holds the code, if given.</param>
    /// <exception cref="BrokenInputException">No known property is present, a given one is missing, or there are too many.</exception>
    public static FeatureProperties Find(string file, string kind, IReadOnlyList<JsonElement> features, string? name, string? code)
    {
        string[] there = [.. features.SelectMany(Names).Distinct().Take(Limits.BoundaryPropertiesMax + 1).Order(StringComparer.Ordinal)];
        if (there.Length > Limits.BoundaryPropertiesMax)
        {
            throw new BrokenInputException(
                $"{file} has more than {Limits.BoundaryPropertiesMax:N0} different properties: keep those of name and code.");
        }

        foreach (string given in new[] { name, code }.OfType<string>().Where(given => !there.Contains(given)))
        {
            throw new BrokenInputException($"{file}: no feature has the property {given}; there are: {Listed(there)}.");
        }

        name ??= Known(s_names, there);
        code ??= Known(s_codes, there);
        return name is null && code is null
            ? throw new BrokenInputException(
                $"{file}: which property is the name? Say it with --name-property; there are: {Listed(there)}.")
            : new FeatureProperties(kind, name, code);
    }

    /// <summary>The code and name of a feature.</summary>
    /// <exception cref="RefusedFeatureException">It has no name, or its name or code cannot be displayed.</exception>
    public (string Code, string Name) Of(JsonElement feature)
    {
        JsonElement properties = feature.GetProperty("properties");
        if (properties.ValueKind == JsonValueKind.Null)
        {
            throw new RefusedFeatureException("it has no properties");
        }

        string? code = _code is null ? Text(feature, "id") : Text(properties, _code);
        string? name = _name is null ? null : Text(properties, _name);
        if (name is null && (_name is not null || code is null))
        {
            throw new RefusedFeatureException("it has no name");
        }

        string shown = name is null ? NameOf(code!) : name.All(char.IsAsciiDigit) ? $"{Words()} {name}" : name;
        return (Checked(code ?? CategoryCode.Of(name), "code"), Checked(shown, "name"));
    }

    /// <summary>The feature's label in messages; a broken feature has one too.</summary>
    public string Label(JsonElement feature, int number)
    {
        try
        {
            return Of(feature).Name;
        }
        catch (RefusedFeatureException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"feature {number}");
        }
    }

    private string NameOf(string code) =>
        _codeIsNewYorks && NewYorkDistricts.NameOf(code) is { } name ? name : $"{Words()} {code}";

    // A bare number is ambiguous between kinds: council-district 10 is "Council District 10".
    private string Words() =>
        string.Join(
            ' ', _kind.Split('-', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    private static string Checked(string text, string what) =>
        text.Length > Limits.NameCharsMax ? throw new RefusedFeatureException($"its {what} is longer than {Limits.NameCharsMax} characters")
        : text.Any(char.IsControl) ? throw new RefusedFeatureException($"its {what} holds control characters")
        : text;

    private static string? Text(JsonElement members, string name) =>
        !members.TryGetProperty(name, out JsonElement value) ? null : value.ValueKind switch
        {
            JsonValueKind.String when GeoJsonText.Of(value).Trim() is { Length: > 0 } text => text,
            JsonValueKind.Number => Number(value),
            _ => null,
        };

    // Spreadsheets and GIS software write whole numbers as 204.0.
    private static string Number(JsonElement value) =>
        value.TryGetDouble(out double number) && double.IsInteger(number) && Math.Abs(number) < 1e15
            ? number.ToString("0", CultureInfo.InvariantCulture)
            : value.GetRawText();

    private static string? Known(string[] known, string[] there) =>
        known.Select(key => there.FirstOrDefault(name => NewYork.ColumnKey(name) == key)).FirstOrDefault(name => name is not null);

    private static IEnumerable<string> Names(JsonElement feature) =>
        feature.GetProperty("properties") is { ValueKind: JsonValueKind.Object } properties
            ? properties.EnumerateObject().Select(member => member.Name)
            : [];

    private static string Listed(string[] there) =>
        there.Length == 0 ? "none at all" : string.Join(", ", there.Take(20)) + (there.Length > 20 ? ", …" : "");
}
