using System.Text.Json;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// An enum whose values are its members in UPPER_SNAKE_CASE, equal to the labels of the database's enum type. The engine uses the labels as
/// values: SQL parameters and responses need nothing else.
/// </summary>
public sealed class UpperSnakeEnumType<TEnum> : EnumerationGraphType
    where TEnum : struct, Enum
{
    public UpperSnakeEnumType()
    {
        Name = typeof(TEnum).Name;
        Description = EnumDescriptions.OfType(typeof(TEnum));
        foreach (TEnum value in Enum.GetValues<TEnum>())
        {
            string label = JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString());
            Add(new EnumValueDefinition(label, label) { Description = EnumDescriptions.OfMember(typeof(TEnum), value.ToString()) });
        }
    }
}
