using System.ComponentModel;
using System.Reflection;

namespace CityHelper.Engine.Schema;

/// <summary>Descriptions of enums and their members, from <see cref="DescriptionAttribute"/>.</summary>
internal static class EnumDescriptions
{
    public static string? OfType(Type type) => type.GetCustomAttribute<DescriptionAttribute>()?.Description;

    public static string? OfMember(Type type, string member) =>
        type.GetField(member)?.GetCustomAttribute<DescriptionAttribute>()?.Description;
}
