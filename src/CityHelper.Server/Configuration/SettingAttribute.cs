namespace CityHelper.Server.Configuration;

/// <summary>
/// What a setting is beside its type: docs/configuration.md shows it, and the sentence about a wrong value names its unit.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute : Attribute
{
    /// <summary>What its number counts, in the plural: <c>milliseconds</c>.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Its default, as a number or in words, where the property's own is none.</summary>
    public object? Default { get; init; }

    /// <summary>Whether no message may show its value.</summary>
    public bool IsSecret { get; init; }
}
