using System.Text.Json;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// An enum whose values are its members in UPPER_SNAKE, which are also the labels of the database's type. The value inside the
/// engine is that label, because SQL parameters and answers need nothing else.
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
